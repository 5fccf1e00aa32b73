# cmake --install: the headers, and the package that find_package(ctgrad) reads.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set(package_directory ${CMAKE_INSTALL_DATADIR}/cmake/ctgrad)
configure_package_config_file(cmake/ctgradConfig.cmake.in ${PROJECT_BINARY_DIR}/ctgradConfig.cmake
  INSTALL_DESTINATION ${package_directory} PATH_VARS CMAKE_INSTALL_INCLUDEDIR)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/ctgradConfigVersion.cmake
  COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)

install(DIRECTORY include/ctgrad DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(FILES
  ${PROJECT_BINARY_DIR}/ctgradConfig.cmake ${PROJECT_BINARY_DIR}/ctgradConfigVersion.cmake
  cmake/ctgrad_usage.cmake cmake/ctgrad_cuda.cmake
  cmake/FindCBLAS.cmake cmake/FindCUDNN.cmake cmake/FindNCCL.cmake cmake/FindThrust.cmake
  DESTINATION ${package_directory})
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

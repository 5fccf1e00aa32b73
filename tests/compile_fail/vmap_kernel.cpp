// SPDX-License-Identifier: BSL-1.0
/// \file
/// vmap over a kernel of a user's own.
// expect: .
// expect: ctgrad: vmap, jacobian and hessian have no rule for a user kernel
#include <ctgrad/ctgrad.hpp>

using namespace ctgrad;

struct Same {
  static constexpr std::string_view name = "same";
  static constexpr ShapeValue shape(const ShapeValue& x) { return x; }
  template <class T>
  static void cpu(T* y, const T* x, const KernelShape* shapes) {
    for (int i = 0; i < shapes[0].size(); ++i) y[i] = x[i];
  }
};

constexpr auto points = vmap([](auto a) { return user_kernel<Same>(a); });
auto wrong() { return compile<Cpu>(points, spec<float, 5, 3>); }

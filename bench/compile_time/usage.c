/* SPDX-License-Identifier: BSL-1.0
 * Runs a command and writes "seconds megabytes" of it to the file named first: the time of day it took and the largest
 * memory any of its processes had. */
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int main(int count, char** arguments) {
  struct timespec start, end;
  struct rusage usage;
  int status = 0;
  if (count < 3) return 2;
  clock_gettime(CLOCK_MONOTONIC, &start);
  pid_t child = fork();
  if (child == 0) {
    execvp(arguments[2], arguments + 2);
    _exit(127);
  }
  waitpid(child, &status, 0);
  clock_gettime(CLOCK_MONOTONIC, &end);
  getrusage(RUSAGE_CHILDREN, &usage);
  FILE* file = fopen(arguments[1], "w");
  if (file == NULL) return 2;
  fprintf(file, "%.2f %ld\n",
          (double)(end.tv_sec - start.tv_sec) + 1e-9 * (double)(end.tv_nsec - start.tv_nsec),
          usage.ru_maxrss / 1024);
  fclose(file);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

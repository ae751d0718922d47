/* The C call that parallel.ts compares with: MPI_Allreduce of n floats in place, between barriers. Prints the median in ms, of the
   slowest rank. Open MPI's library without its headers: what is used of them is declared here. */
#include <stdio.h>
#include <stdlib.h>

extern char ompi_mpi_comm_world[], ompi_mpi_float[], ompi_mpi_double[], ompi_mpi_op_sum[], ompi_mpi_op_max[];
extern int MPI_Init(int *, char ***), MPI_Finalize(void), MPI_Barrier(void *), MPI_Comm_rank(void *, int *);
extern int MPI_Allreduce(const void *, void *, int, void *, void *, void *);
extern double MPI_Wtime(void);

static int compare(const void *a, const void *b) {
  double d = *(const double *)a - *(const double *)b;
  return (d > 0) - (d < 0);
}

int main(int argc, char **argv) {
  int n = atoi(argv[1]), repeats = atoi(argv[2]), rank;
  MPI_Init(&argc, &argv);
  MPI_Comm_rank(ompi_mpi_comm_world, &rank);
  float *values = calloc(n, sizeof *values);
  double *times = malloc(repeats * sizeof *times), slowest;
  for (int i = -5; i < repeats; i++) {
    MPI_Barrier(ompi_mpi_comm_world);
    double start = MPI_Wtime();
    MPI_Allreduce((void *)1, values, n, ompi_mpi_float, ompi_mpi_op_sum, ompi_mpi_comm_world);
    if (i >= 0) times[i] = 1e3 * (MPI_Wtime() - start);
  }
  qsort(times, repeats, sizeof *times, compare);
  MPI_Allreduce(&times[repeats / 2], &slowest, 1, ompi_mpi_double, ompi_mpi_op_max, ompi_mpi_comm_world);
  if (rank == 0) printf("%.6f\n", slowest);
  return MPI_Finalize();
}

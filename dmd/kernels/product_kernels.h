/* Matrix products, for one kind of real number. Included like encoder_kernels.h. */

/* Most are done by gemm of the BLAS that torch brings. Its whole numbers have 4 or 8 bytes; handed over with 8, the
 * lower half first, they are right for both. */
typedef void (*NAME(gemm))(const char *, const char *, const int64_t *, const int64_t *, const int64_t *, const REAL *,
                           const REAL *, const int64_t *, const REAL *, const int64_t *, const REAL *, REAL *,
                           const int64_t *);

#ifdef MULTIPLY_BY_PANELS
void MULTIPLY_BY_PANELS(const REAL *a, int turned_a, const REAL *b, int turned_b, REAL *c, int64_t m, int64_t k,
                        int64_t n, int adds);
/* Rows that are worth laying out the right matrix for, and columns of half a vector. */
#define FEWEST_ROWS 32
#define FEWEST_COLUMNS 8
#endif

/* c = a b, or c += a b; (m, k) times (k, n), all row by row. turned_a: a lies as (k, m); turned_b: b as (n, k). */
static void NAME(multiply)(NAME(gemm) gemm, const REAL *a, int turned_a, const REAL *b, int turned_b, REAL *c,
                           int64_t m, int64_t k, int64_t n, int adds) {
#ifdef MULTIPLY_BY_PANELS
    if (m >= FEWEST_ROWS && n >= FEWEST_COLUMNS && has_wide_vectors()) {
        MULTIPLY_BY_PANELS(a, turned_a, b, turned_b, c, m, k, n, adds);
        return;
    }
#endif
    const REAL one = 1, kept = adds ? 1 : 0;
    const int64_t row_a = turned_a ? m : k, row_b = turned_b ? k : n;
    gemm(turned_b ? "T" : "N", turned_a ? "T" : "N", &n, &m, &k, &one, b, &row_b, a, &row_a, &kept, c, &n);
}

/* The same of a right matrix that is not turned, and that comes again and again: laying it out would not pay. */
static void NAME(multiply_again)(NAME(gemm) gemm, const REAL *a, const REAL *b, REAL *c, int64_t m, int64_t k, int64_t n,
                                 int adds) {
#ifdef MULTIPLY_BY_PANELS
    if (n >= FEWEST_COLUMNS && has_wide_vectors()) {
        MULTIPLY_BY_PANELS(a, 0, b, 0, c, m, k, n, adds);
        return;
    }
#endif
    NAME(multiply)(gemm, a, 0, b, 0, c, m, k, n, adds);
}

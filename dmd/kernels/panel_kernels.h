/* Matrix products of float32 with vectors of 16 numbers, for the shapes of an encoder: many rows, two narrow matrices.
 * Included after attention_kernels.h.
 *
 * The right matrix is laid out in panels of PANEL columns first; MR rows of the product are then worked on at a time,
 * which stay in registers (Goto and van de Geijn, ACM TOMS 2008, without their packing of the left matrix: its rows are
 * read one number after the other as they lie). A BLAS packs both and clears the product before it adds to it, which
 * at widths of 50 and 100 costs it a tenth to a third.
 */

#define PANEL 64
#define DEPTH 256 /* of a panel, which then stays in the second cache */
#define ROWS_AT_ONCE 6

/* Numbers of a half vector, for what is left of the columns. */
typedef REAL NAME(half) __attribute__((vector_size(8 * sizeof(REAL)), aligned(sizeof(REAL))));

/* The first ``num`` numbers of a vector of SIZE, added to what is there or put in its place. */
#define PUT(TYPE, SIZE, to, x, num, adds)                                                                              \
    {                                                                                                                  \
        if ((num) == (SIZE))                                                                                           \
            *(TYPE *)(to) = (adds) ? *(const TYPE *)(to) + (x) : (x);                                                  \
        else                                                                                                           \
            for (int l = 0; l < (num); l++) (to)[l] = (adds) ? (to)[l] + (x)[l] : (x)[l];                              \
    }

/* ``rows`` rows of c (.., n) from as many of a, whose numbers lie ``row_a`` apart from row to row and ``step_a`` within a
 * row, and a panel of ``whole`` vectors and, if ``has_half``, half a one; ``last`` numbers of the last of them count. The
 * panel's rows lie ``row_b`` apart but for the last, behind which there may be nothing to read: it lies at ``end``. */
static inline __attribute__((always_inline)) void NAME(panel_tile)(
    int rows, int whole, int has_half, const REAL *restrict a, int64_t row_a, int64_t step_a, const REAL *restrict panel,
    int64_t row_b, const REAL *restrict end, int64_t depth, REAL *restrict c, int64_t n, int last, int adds) {
    VEC sums[ROWS_AT_ONCE][PANEL / LANES];
    NAME(half) halves[ROWS_AT_ONCE];
    _Pragma("GCC unroll 8") for (int r = 0; r < rows; r++) {
        _Pragma("GCC unroll 4") for (int v = 0; v < whole; v++) sums[r][v] = (VEC){0};
        halves[r] = (NAME(half)){0};
    }
#define ADD_STEP(row, i)                                                                                               \
    _Pragma("GCC unroll 8") for (int r = 0; r < rows; r++) {                                                           \
        const REAL x = a[r * row_a + (i) * step_a];                                                                    \
        _Pragma("GCC unroll 4") for (int v = 0; v < whole; v++) sums[r][v] += x * LOAD((row) + v * LANES);             \
        if (has_half) halves[r] += x * *(const NAME(half) *)((row) + whole * LANES);                                   \
    }
    for (int64_t i = 0; i < depth - 1; i++) { ADD_STEP(panel + i * row_b, i) }
    ADD_STEP(end, depth - 1)
#undef ADD_STEP
    _Pragma("GCC unroll 8") for (int r = 0; r < rows; r++) {
        REAL *restrict to = c + r * n;
        _Pragma("GCC unroll 4") for (int v = 0; v < whole; v++) {
            const int num = !has_half && v == whole - 1 ? last : LANES;
            PUT(VEC, LANES, to + v * LANES, sums[r][v], num, adds)
        }
        if (has_half) PUT(NAME(half), 8, to + whole * LANES, halves[r], last, adds)
    }
}

/* All ``m`` rows. */
#define PANEL_ROWS(whole, has_half)                                                                                    \
    CLONES static void NAME(panel_rows_##whole##_##has_half)(                                                          \
        const REAL *restrict a, int64_t row_a, int64_t step_a, const REAL *restrict panel, int64_t row_b,              \
        const REAL *restrict end, int64_t depth, REAL *restrict c, int64_t m, int64_t n, int last, int adds) {         \
        int64_t r = 0;                                                                                                 \
        for (; r + ROWS_AT_ONCE <= m; r += ROWS_AT_ONCE)                                                               \
            NAME(panel_tile)(ROWS_AT_ONCE, whole, has_half, a + r * row_a, row_a, step_a, panel, row_b, end, depth,    \
                             c + r * n, n, last, adds);                                                                \
        for (; r + 2 <= m; r += 2)                                                                                     \
            NAME(panel_tile)(2, whole, has_half, a + r * row_a, row_a, step_a, panel, row_b, end, depth, c + r * n, n, \
                             last, adds);                                                                              \
        for (; r < m; r++)                                                                                             \
            NAME(panel_tile)(1, whole, has_half, a + r * row_a, row_a, step_a, panel, row_b, end, depth, c + r * n, n, \
                             last, adds);                                                                              \
    }
PANEL_ROWS(0, 1)
PANEL_ROWS(1, 0)
PANEL_ROWS(1, 1)
PANEL_ROWS(2, 0)
PANEL_ROWS(2, 1)
PANEL_ROWS(3, 0)
PANEL_ROWS(3, 1)
PANEL_ROWS(4, 0)

/* By 2 ``whole`` + ``has_half``. */
static void (*const NAME(panel_rows)[])(const REAL *, int64_t, int64_t, const REAL *, int64_t, const REAL *, int64_t,
                                        REAL *, int64_t, int64_t, int, int) = {
    0,
    NAME(panel_rows_0_1), NAME(panel_rows_1_0), NAME(panel_rows_1_1), NAME(panel_rows_2_0),
    NAME(panel_rows_2_1), NAME(panel_rows_3_0), NAME(panel_rows_3_1), NAME(panel_rows_4_0),
};

/* See ``multiply``. A right matrix that is not turned is read as it lies, too. */
CLONES void NAME(multiply_by_panels)(const REAL *a, int turned_a, const REAL *b, int turned_b, REAL *c, int64_t m,
                                     int64_t k, int64_t n, int adds) {
    REAL panel[DEPTH * PANEL] __attribute__((aligned(64))), end[PANEL];
    const int64_t row_a = turned_a ? 1 : k, step_a = turned_a ? m : 1, row_b = turned_b ? PANEL : n;
    for (int64_t column = 0; column < n; column += PANEL) {
        const int64_t width = n - column < PANEL ? n - column : PANEL, left = width % LANES;
        const int has_half = left > 0 && left <= 8, whole = (int)(width / LANES) + (left > 8);
        const int last = left ? (int)left : LANES;
        for (int64_t first = 0; first < k; first += DEPTH) {
            const int64_t depth = k - first < DEPTH ? k - first : DEPTH;
            const REAL *rows = turned_b ? panel : b + first * n + column;
            if (turned_b) NAME(to_columns)(b + column * k + first, 0, 1, width, k, depth, PANEL, panel);
            memcpy(end, rows + (depth - 1) * row_b, (size_t)width * sizeof(REAL));
            NAME(panel_rows)[2 * whole + has_half](a + first * step_a, row_a, step_a, rows, row_b, end, depth,
                                                   c + column, m, n, last, adds || first > 0);
        }
    }
}

#undef PANEL
#undef DEPTH
#undef ROWS_AT_ONCE
#undef PUT
#undef PANEL_ROWS

/* The passes of an encoder layer between its matrix products, attention apart, for one kind of real number.
 *
 * Included once per kind with REAL and NAME(x) defined. Every array is contiguous; sizes come in elements. What is
 * worked on is one branch: rows of w channels, and the compiler turns loops over channels into SIMD instructions.
 */

/* x += bias. x: (rows, w); bias: (w). */
CLONES void NAME(add_bias)(REAL *restrict x, const REAL *restrict bias, int64_t rows, int64_t w) {
    for (int64_t r = 0; r < rows; r++)
        for (int64_t c = 0; c < w; c++) x[r * w + c] += bias[c];
}

/* One row of norm_forward, and norm_again. */
static inline __attribute__((always_inline)) void NAME(norm_row)(const REAL *restrict in, REAL mean, REAL inverse,
                                                                 const REAL *restrict gain, const REAL *restrict shift,
                                                                 REAL *restrict out, int64_t w) {
    for (int64_t c = 0; c < w; c++) out[c] = (in[c] - mean) * inverse * gain[c] + shift[c];
}

/* y = (x - mean) / sqrt(var + eps) * gain + shift over the last axis. x, y: (rows, w); gain, shift: (w);
 * stats: (rows, 2), mean and 1 / sqrt(var + eps). */
CLONES void NAME(norm_forward)(const REAL *restrict x, const REAL *restrict gain, const REAL *restrict shift,
                               REAL *restrict y, REAL *restrict stats, int64_t rows, int64_t w) {
    for (int64_t r = 0; r < rows; r++) {
        const REAL *restrict in = x + r * w;
        REAL mean = 0, var = 0;
        for (int64_t c = 0; c < w; c++) mean += in[c];
        mean /= w;
        for (int64_t c = 0; c < w; c++) { const REAL d = in[c] - mean; var += d * d; }
        const REAL inverse = 1 / (REAL)sqrt(var / w + NORM_EPSILON);
        stats[2 * r] = mean;
        stats[2 * r + 1] = inverse;
        NAME(norm_row)(in, mean, inverse, gain, shift, y + r * w, w);
    }
}

/* The same y, from statistics that are there. */
CLONES void NAME(norm_again)(const REAL *restrict x, const REAL *restrict stats, const REAL *restrict gain,
                             const REAL *restrict shift, REAL *restrict y, int64_t rows, int64_t w) {
    for (int64_t r = 0; r < rows; r++)
        NAME(norm_row)(x + r * w, stats[2 * r], stats[2 * r + 1], gain, shift, y + r * w, w);
}

/* Adds to dx what reaches x through y, and to dgain, dshift what reaches them. */
CLONES void NAME(norm_backward)(const REAL *restrict dy, const REAL *restrict x, const REAL *restrict stats,
                                const REAL *restrict gain, REAL *restrict dx, REAL *restrict dgain,
                                REAL *restrict dshift, int64_t rows, int64_t w) {
    for (int64_t r = 0; r < rows; r++) {
        const REAL *restrict up = dy + r * w, *restrict in = x + r * w;
        REAL *restrict down = dx + r * w;
        const REAL mean = stats[2 * r], inverse = stats[2 * r + 1];
        REAL sum = 0, dot = 0;
        for (int64_t c = 0; c < w; c++) {
            const REAL normed = (in[c] - mean) * inverse, scaled = up[c] * gain[c];
            dgain[c] += up[c] * normed;
            dshift[c] += up[c];
            sum += scaled;
            dot += scaled * normed;
        }
        sum /= w;
        dot /= w;
        for (int64_t c = 0; c < w; c++) down[c] += (up[c] * gain[c] - sum - (in[c] - mean) * inverse * dot) * inverse;
    }
}

/* x = max(x + bias, 0). x: (rows, w); bias: (w). */
CLONES void NAME(relu_forward)(REAL *restrict x, const REAL *restrict bias, int64_t rows, int64_t w) {
    for (int64_t r = 0; r < rows; r++) {
        REAL *restrict row = x + r * w;
        for (int64_t c = 0; c < w; c++) {
            const REAL sum = row[c] + bias[c];
            row[c] = sum > 0 ? sum : 0;
        }
    }
}

/* dx = 0 where y is 0, else dx * scale, the factor that y has been multiplied by; dbias: (w) += column sums of dx. */
CLONES void NAME(relu_backward)(const REAL *restrict y, REAL *restrict dx, REAL *restrict dbias, REAL scale,
                                int64_t rows, int64_t w) {
    for (int64_t r = 0; r < rows; r++) {
        const REAL *restrict row = y + r * w;
        REAL *restrict d = dx + r * w;
        for (int64_t c = 0; c < w; c++) {
            d[c] = row[c] > 0 ? d[c] * scale : 0;
            dbias[c] += d[c];
        }
    }
}

/* sums: (w) += column sums of x (rows, w). */
CLONES void NAME(column_sums)(const REAL *restrict x, REAL *restrict sums, int64_t rows, int64_t w) {
    for (int64_t r = 0; r < rows; r++)
        for (int64_t c = 0; c < w; c++) sums[c] += x[r * w + c];
}

/* What dropout multiplies by what it keeps. */
static REAL NAME(dropout_scale)(int64_t threshold) { return (REAL)256 / (256 - threshold); }

/* y = x / keep rate where the byte of an entry is at least the threshold, else 0. */
CLONES void NAME(dropout)(const REAL *restrict x, REAL *restrict y, const int32_t *restrict table, uint64_t key,
                          int64_t threshold, int64_t count) {
    enum { AT_ONCE = 4096 };
    uint8_t draws[AT_ONCE + 64];
    const REAL scale = NAME(dropout_scale)(threshold);
    for (int64_t start = 0; start < count; start += AT_ONCE) {
        const int64_t n = count - start < AT_ONCE ? count - start : AT_ONCE;
        draw(draws, table, key, start, n);
        for (int64_t i = 0; i < n; i++) y[start + i] = draws[i] >= threshold ? x[start + i] * scale : 0;
    }
}

/* The same in place; the entries are those of the mask from the ``first`` on. */
CLONES void NAME(drop)(REAL *restrict x, const int32_t *restrict table, uint64_t key, int64_t threshold, int64_t first,
                       int64_t count) {
    enum { AT_ONCE = 4096 };
    uint8_t draws[AT_ONCE + 64];
    const REAL scale = NAME(dropout_scale)(threshold);
    for (int64_t start = 0; start < count; start += AT_ONCE) {
        const int64_t n = count - start < AT_ONCE ? count - start : AT_ONCE;
        draw(draws, table, key, first + start, n);
        for (int64_t i = 0; i < n; i++) x[start + i] = draws[i] >= threshold ? x[start + i] * scale : 0;
    }
}

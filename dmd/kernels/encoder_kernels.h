/* The passes of an encoder layer between its matrix products, for one kind of real number.
 *
 * Included once per kind with REAL, REAL_EXP and NAME(x) defined. Every array is contiguous; sizes come in elements.
 * Legend: G branches, B batch, H heads, h width of a head, w = H h, T_q and T_k steps of target and source, rows = B T.
 * Vectors of LANES queries (attention) or channels (the rest) are what the compiler turns into SIMD instructions.
 */

/* y = (x - mean) / sqrt(var + eps) * gain + shift over the last axis; first x += addend + bias where they are given.
 * x, addend, y: (G, rows, w); bias, gain, shift: (G, w); stats: (G, rows, 2) mean and 1 / sqrt(var + eps). */
CLONES void NAME(norm_forward)(REAL *restrict x, const REAL *restrict addend, const REAL *restrict bias,
                               const REAL *restrict gain, const REAL *restrict shift, REAL *restrict y,
                               REAL *restrict stats, int64_t groups, int64_t rows, int64_t w, double eps) {
    for (int64_t g = 0; g < groups; g++) {
        const REAL *restrict a = gain + g * w, *restrict s = shift + g * w;
        for (int64_t r = 0; r < rows; r++) {
            const int64_t at = g * rows + r;
            REAL *restrict in = x + at * w;
            if (addend) {
                const REAL *restrict more = addend + at * w, *restrict b = bias + g * w;
                for (int64_t c = 0; c < w; c++) in[c] += more[c] + b[c];
            }
            if (!y) continue;
            REAL *restrict out = y + at * w;
            REAL mean = 0, var = 0;
            for (int64_t c = 0; c < w; c++) mean += in[c];
            mean /= w;
            for (int64_t c = 0; c < w; c++) { const REAL d = in[c] - mean; var += d * d; }
            const REAL inverse = 1 / (REAL)sqrt(var / w + eps);
            stats[2 * at] = mean;
            stats[2 * at + 1] = inverse;
            for (int64_t c = 0; c < w; c++) out[c] = (in[c] - mean) * inverse * a[c] + s[c];
        }
    }
}

/* Adds to dx what reaches x through y, and to dgain, dshift what reaches them; dbias: (G, w), the column sums of dx after
 * that (the gradient of a bias that was added to x), or NULL. */
CLONES void NAME(norm_backward)(const REAL *restrict dy, const REAL *restrict x, const REAL *restrict stats,
                                const REAL *restrict gain, REAL *restrict dx, REAL *restrict dgain,
                                REAL *restrict dshift, REAL *restrict dbias, int64_t groups, int64_t rows, int64_t w) {
    for (int64_t g = 0; g < groups; g++) {
        const REAL *restrict a = gain + g * w;
        REAL *restrict da = dgain + g * w, *restrict ds = dshift + g * w;
        for (int64_t r = 0; r < rows; r++) {
            const int64_t at = g * rows + r;
            const REAL *restrict up = dy + at * w, *restrict in = x + at * w;
            REAL *restrict down = dx + at * w;
            const REAL mean = stats[2 * at], inverse = stats[2 * at + 1];
            REAL sum = 0, dot = 0;
            for (int64_t c = 0; c < w; c++) {
                const REAL normed = (in[c] - mean) * inverse, scaled = up[c] * a[c];
                da[c] += up[c] * normed;
                ds[c] += up[c];
                sum += scaled;
                dot += scaled * normed;
            }
            sum /= w;
            dot /= w;
            for (int64_t c = 0; c < w; c++) down[c] += (up[c] * a[c] - sum - (in[c] - mean) * inverse * dot) * inverse;
            if (dbias) {
                REAL *restrict db = dbias + g * w;
                for (int64_t c = 0; c < w; c++) db[c] += down[c];
            }
        }
    }
}

/* x = max(x + bias, 0). x: (G, rows, w); bias: (G, w). */
CLONES void NAME(relu_forward)(REAL *restrict x, const REAL *restrict bias, int64_t groups, int64_t rows, int64_t w) {
    for (int64_t g = 0; g < groups; g++)
        for (int64_t r = 0; r < rows; r++) {
            REAL *restrict row = x + (g * rows + r) * w;
            const REAL *restrict b = bias + g * w;
            for (int64_t c = 0; c < w; c++) {
                const REAL sum = row[c] + b[c];
                row[c] = sum > 0 ? sum : 0;
            }
        }
}

/* dx = 0 where y is 0; dbias: (G, w) += column sums of dx. */
CLONES void NAME(relu_backward)(const REAL *restrict y, REAL *restrict dx, REAL *restrict dbias, int64_t groups,
                                int64_t rows, int64_t w) {
    for (int64_t g = 0; g < groups; g++)
        for (int64_t r = 0; r < rows; r++) {
            const REAL *restrict row = y + (g * rows + r) * w;
            REAL *restrict d = dx + (g * rows + r) * w, *restrict db = dbias + g * w;
            for (int64_t c = 0; c < w; c++) {
                d[c] = row[c] > 0 ? d[c] : 0;
                db[c] += d[c];
            }
        }
}

/* sums: (G, w) += column sums of x (G, rows, w). */
CLONES void NAME(column_sums)(const REAL *restrict x, REAL *restrict sums, int64_t groups, int64_t rows, int64_t w) {
    for (int64_t g = 0; g < groups; g++)
        for (int64_t r = 0; r < rows; r++) {
            const REAL *restrict row = x + (g * rows + r) * w;
            REAL *restrict s = sums + g * w;
            for (int64_t c = 0; c < w; c++) s[c] += row[c];
        }
}

/* y = x / keep rate where the byte of an entry is at least the threshold, else 0. */
CLONES void NAME(dropout)(const REAL *restrict x, REAL *restrict y, const int32_t *restrict table, uint64_t key,
                          int64_t threshold, int64_t count) {
    enum { AT_ONCE = 4096 };
    uint8_t draws[AT_ONCE + 64];
    const REAL scale = (REAL)256 / (256 - threshold);
    for (int64_t start = 0; start < count; start += AT_ONCE) {
        const int64_t n = count - start < AT_ONCE ? count - start : AT_ONCE;
        draw(draws, table, key, start, n);
        for (int64_t i = 0; i < n; i++) y[start + i] = draws[i] >= threshold ? x[start + i] * scale : 0;
    }
}

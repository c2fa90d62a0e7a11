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

/* One head's share of rows of x (steps, stride), bias added and scaled: to[c * padded + t]; padding is left alone. */
static inline __attribute__((always_inline)) void NAME(gather)(const REAL *restrict x, const REAL *restrict bias,
                                                               REAL scale, int64_t steps, int64_t stride,
                                                               int64_t width, int64_t padded, REAL *restrict to) {
    for (int64_t t = 0; t < steps; t++)
        for (int64_t c = 0; c < width; c++) to[c * padded + t] = (x[t * stride + c] + (bias ? bias[c] : 0)) * scale;
}

/* LANES numbers, and what is done with them at once. */
typedef REAL VEC __attribute__((vector_size(LANES * sizeof(REAL)), aligned(sizeof(REAL))));
typedef WHOLE BITS __attribute__((vector_size(LANES * sizeof(REAL)), aligned(sizeof(REAL))));

/* x where the byte of a lane is at least the threshold, else 0. */
static inline __attribute__((always_inline)) VEC NAME(drop)(VEC x, const uint8_t *draws, int threshold) {
    uint8_t bytes __attribute__((vector_size(LANES)));
    memcpy(&bytes, draws, LANES);
    const BITS keep = __builtin_convertvector(bytes, BITS) >= (WHOLE)threshold;
    return (VEC)((BITS)x & keep);
}

#ifdef EXP_FLOAT
/* exp(x) for x <= 0, relative error 2e-7 (Cephes; Moshier 1989); 0 below -87, so that what follows meets no subnormal
 * numbers, which processors compute slowly. */
static inline __attribute__((always_inline)) VEC NAME(vector_exp)(VEC x) {
    const BITS is_normal = x > -87.0f;
    x = SELECT(is_normal, x, (VEC){0} - 87.0f);
    const BITS n = __builtin_convertvector(x * 1.44269504f - 0.5f, BITS);
    const VEC whole = __builtin_convertvector(n, VEC);
    const VEC r = (x - whole * 0.693359375f) + whole * 2.12194440e-4f;
    VEC p = 1.9875691500e-4f * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    return SELECT(is_normal, (p * r * r + r + 1.0f) * (VEC)((n + 127) << 23), (VEC){0});
}
#else
static inline __attribute__((always_inline)) VEC NAME(vector_exp)(VEC x) {
    for (int l = 0; l < LANES; l++) x[l] = exp(x[l]);
    return x;
}
#endif

/* The sum over the lanes, by halves. */
static inline __attribute__((always_inline)) REAL NAME(total)(VEC x) {
    x += __builtin_shuffle(x, (BITS){8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7});
    x += __builtin_shuffle(x, (BITS){4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11});
    x += __builtin_shuffle(x, (BITS){2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13});
    return x[0] + x[1];
}

static inline __attribute__((always_inline)) void NAME(head_forward)(
    const REAL *restrict q, const REAL *restrict k, const REAL *restrict v, int64_t padded_q, int64_t padded_k,
    int64_t width, int64_t steps_q, int64_t seen, int64_t order, const uint8_t *restrict draws, int threshold,
    REAL *restrict scores, REAL *restrict out, REAL *restrict lse) {
    const REAL scale = (REAL)256 / (256 - threshold);
    for (int64_t i = 0; i < steps_q; i += LANES) {
        VEC top = (VEC){0} - INFINITY, sum = {0}, acc[width];
        for (int64_t j = 0; j < seen; j++) {
            VEC s = {0};
            for (int64_t c = 0; c < width; c++) s += k[c * padded_k + j] * LOAD(q + c * padded_q + i);
            if (order >= 0)
                for (int l = 0; l < LANES; l++) s[l] = j <= i + l + order ? s[l] : HIDDEN;
            top = SELECT(s > top, s, top);
            STORE(scores + j * LANES, s);
        }
        for (int64_t c = 0; c < width; c++) acc[c] = (VEC){0};
        for (int64_t j = 0; j < seen; j++) {
            VEC e = NAME(vector_exp)(LOAD(scores + j * LANES) - top);
            sum += e;
            if (threshold) e = NAME(drop)(e, draws + j * steps_q + i, threshold);
            for (int64_t c = 0; c < width; c++) acc[c] += v[c * padded_k + j] * e;
        }
        for (int64_t c = 0; c < width; c++) STORE(out + c * padded_q + i, acc[c] * scale / sum);
        for (int l = 0; l < LANES; l++) lse[i + l] = top[l] + (REAL)REAL_LOG(sum[l]);
    }
}

static inline __attribute__((always_inline)) void NAME(head_backward)(
    const REAL *restrict q, const REAL *restrict k, const REAL *restrict v, const REAL *restrict o,
    const REAL *restrict d, int64_t padded_q, int64_t padded_k, int64_t width, int64_t steps_q, int64_t seen,
    int64_t order, const uint8_t *restrict draws, int threshold, const REAL *restrict lse, REAL *restrict scores,
    REAL *restrict weights, REAL *restrict dq, REAL *restrict dk, REAL *restrict dv) {
    const REAL scale = (REAL)256 / (256 - threshold);
    for (int64_t i = 0; i < steps_q; i += LANES) {
        const VEC shift = LOAD(lse + i);
        VEC centre = {0}, acc[width];
        for (int64_t c = 0; c < width; c++) {
            centre += LOAD(d + c * padded_q + i) * LOAD(o + c * padded_q + i);
            acc[c] = (VEC){0};
        }
        for (int64_t j = 0; j < seen; j++) {
            VEC s = {0}, g = {0};
            for (int64_t c = 0; c < width; c++) {
                s += k[c * padded_k + j] * LOAD(q + c * padded_q + i);
                g += v[c * padded_k + j] * LOAD(d + c * padded_q + i);
            }
            if (order >= 0)
                for (int l = 0; l < LANES; l++) s[l] = j <= i + l + order ? s[l] : HIDDEN;
            const VEC p = NAME(vector_exp)(s - shift);
            VEC kept = p * scale;
            if (threshold) kept = NAME(drop)(kept, draws + j * steps_q + i, threshold);
            const VEC to_score = kept * g - p * centre;
            STORE(weights + j * padded_q + i, kept);
            STORE(scores + j * padded_q + i, to_score);
            for (int64_t c = 0; c < width; c++) acc[c] += k[c * padded_k + j] * to_score;
        }
        for (int64_t c = 0; c < width; c++) STORE(dq + c * padded_q + i, acc[c]);
    }
    /* lanes beyond the last query have zeros in q and d: whatever their weights are, they add nothing */
    for (int64_t j = 0; j < seen; j++)
        for (int64_t c = 0; c < width; c++) {
            VEC a = {0}, b = {0};
            for (int64_t i = 0; i < padded_q; i += LANES) {
                a += LOAD(scores + j * padded_q + i) * LOAD(q + c * padded_q + i);
                b += LOAD(weights + j * padded_q + i) * LOAD(d + c * padded_q + i);
            }
            dk[c * padded_k + j] = NAME(total)(a);
            dv[c * padded_k + j] = NAME(total)(b);
        }
}

/* The same for a width of heads that the compiler knows, so that loops over the channels of a head vanish. */
#ifdef EXP_FLOAT
#define BY_WIDTH(call)                                                                                                 \
    switch (h) {                                                                                                       \
    case 4: { enum { W = 4 }; call; break; }                                                                           \
    case 5: { enum { W = 5 }; call; break; }                                                                           \
    case 8: { enum { W = 8 }; call; break; }                                                                           \
    case 10: { enum { W = 10 }; call; break; }                                                                         \
    case 16: { enum { W = 16 }; call; break; }                                                                         \
    default: { const int64_t W = h; call; break; }                                                                     \
    }
#else
#undef BY_WIDTH
#define BY_WIDTH(call) { const int64_t W = h; call; }
#endif

/* a = dropout(softmax(q k^T / sqrt(h))) v for all heads; biases are added to q, k and v first.
 * q, a: (G, B T_q, w); kv: (G, B T_k, 2 w); lse: (G, B, H, padded T_q); seen: (G, B), keys that may be seen, a prefix.
 * order: a query i sees keys up to i + order; below 0: all. draws: see draw(); thresholds: (G). */
static inline __attribute__((always_inline)) void NAME(all_heads_forward)(
    const REAL *restrict q, const REAL *restrict kv, const REAL *restrict bias_q, const REAL *restrict bias_kv,
    REAL *restrict a, REAL *restrict lse, const int64_t *restrict seen, const int32_t *restrict table,
    const int32_t *restrict thresholds, REAL *restrict scratch, uint64_t key, int64_t groups, int64_t batch,
    int64_t heads, int64_t h, int64_t steps_q, int64_t steps_k, int64_t order) {
    const int64_t w = heads * h, pq = PADDED(steps_q), pk = PADDED(steps_k);
    const REAL root = 1 / (REAL)sqrt((double)h);
    REAL *fq = scratch, *fk = fq + h * pq, *fv = fk + h * pk, *out = fv + h * pk, *scores = out + h * pq;
    uint8_t *draws = (uint8_t *)(scores + pk * LANES);
    memset(scratch, 0, (size_t)((char *)scores - (char *)scratch));
    for (int64_t m = 0; m < groups * batch; m++) {
        const int64_t g = m / batch;
        for (int64_t head = 0; head < heads; head++) {
            const int64_t at = head * h;
            NAME(gather)(q + m * steps_q * w + at, bias_q + g * w + at, root, steps_q, w, h, pq, fq);
            NAME(gather)(kv + m * steps_k * 2 * w + at, bias_kv + g * 2 * w + at, 1, steps_k, 2 * w, h, pk, fk);
            NAME(gather)(kv + m * steps_k * 2 * w + w + at, bias_kv + g * 2 * w + w + at, 1, steps_k, 2 * w, h, pk, fv);
            const int threshold = thresholds[g];
            if (threshold) draw(draws, table, key, (m * heads + head) * steps_k * steps_q, steps_k * steps_q);
            REAL *own = lse + (m * heads + head) * pq;
            NAME(head_forward)(fq, fk, fv, pq, pk, h, steps_q, seen[m], order, draws, threshold, scores, out, own);
            for (int64_t t = 0; t < steps_q; t++)
                for (int64_t c = 0; c < h; c++) a[(m * steps_q + t) * w + at + c] = out[c * pq + t];
        }
    }
}

CLONES void NAME(attention_forward)(const REAL *restrict q, const REAL *restrict kv, const REAL *restrict bias_q,
                                    const REAL *restrict bias_kv, REAL *restrict a, REAL *restrict lse,
                                    const int64_t *restrict seen, const int32_t *restrict table,
                                    const int32_t *restrict thresholds, REAL *restrict scratch, uint64_t key,
                                    int64_t groups, int64_t batch, int64_t heads, int64_t h, int64_t steps_q,
                                    int64_t steps_k, int64_t order) {
    BY_WIDTH(NAME(all_heads_forward)(q, kv, bias_q, bias_kv, a, lse, seen, table, thresholds, scratch, key, groups,
                                     batch, heads, W, steps_q, steps_k, order))
}

/* dq, dkv from da, the gradient of a; the other arguments as in the forward pass. */
static inline __attribute__((always_inline)) void NAME(all_heads_backward)(
    const REAL *restrict q, const REAL *restrict kv, const REAL *restrict bias_q, const REAL *restrict bias_kv,
    const REAL *restrict a, const REAL *restrict lse, const REAL *restrict da, REAL *restrict dq, REAL *restrict dkv,
    const int64_t *restrict seen, const int32_t *restrict table, const int32_t *restrict thresholds,
    REAL *restrict scratch, uint64_t key, int64_t groups, int64_t batch, int64_t heads, int64_t h, int64_t steps_q,
    int64_t steps_k, int64_t order) {
    const int64_t w = heads * h, pq = PADDED(steps_q), pk = PADDED(steps_k);
    const REAL root = 1 / (REAL)sqrt((double)h);
    REAL *fq = scratch, *fo = fq + h * pq, *fd = fo + h * pq, *gq = fd + h * pq, *fk = gq + h * pq, *fv = fk + h * pk;
    REAL *gk = fv + h * pk, *gv = gk + h * pk, *scores = gv + h * pk, *weights = scores + pk * pq;
    uint8_t *draws = (uint8_t *)(weights + pk * pq);
    memset(scratch, 0, (size_t)((char *)scores - (char *)scratch));
    for (int64_t m = 0; m < groups * batch; m++) {
        const int64_t g = m / batch, visible = seen[m];
        for (int64_t head = 0; head < heads; head++) {
            const int64_t at = head * h;
            NAME(gather)(q + m * steps_q * w + at, bias_q + g * w + at, root, steps_q, w, h, pq, fq);
            NAME(gather)(a + m * steps_q * w + at, 0, 1, steps_q, w, h, pq, fo);
            NAME(gather)(da + m * steps_q * w + at, 0, 1, steps_q, w, h, pq, fd);
            NAME(gather)(kv + m * steps_k * 2 * w + at, bias_kv + g * 2 * w + at, 1, steps_k, 2 * w, h, pk, fk);
            NAME(gather)(kv + m * steps_k * 2 * w + w + at, bias_kv + g * 2 * w + w + at, 1, steps_k, 2 * w, h, pk, fv);
            const int threshold = thresholds[g];
            if (threshold) draw(draws, table, key, (m * heads + head) * steps_k * steps_q, steps_k * steps_q);
            const REAL *own = lse + (m * heads + head) * pq;
            NAME(head_backward)(fq, fk, fv, fo, fd, pq, pk, h, steps_q, visible, order, draws, threshold, own, scores,
                                weights, gq, gk, gv);
            for (int64_t t = 0; t < steps_q; t++)
                for (int64_t c = 0; c < h; c++) dq[(m * steps_q + t) * w + at + c] = gq[c * pq + t] * root;
            for (int64_t t = 0; t < steps_k; t++)
                for (int64_t c = 0; c < h; c++) {
                    REAL *row = dkv + (m * steps_k + t) * 2 * w + at + c;
                    row[0] = t < visible ? gk[c * pk + t] : 0;
                    row[w] = t < visible ? gv[c * pk + t] : 0;
                }
        }
    }
}

CLONES void NAME(attention_backward)(const REAL *restrict q, const REAL *restrict kv, const REAL *restrict bias_q,
                                     const REAL *restrict bias_kv, const REAL *restrict a, const REAL *restrict lse,
                                     const REAL *restrict da, REAL *restrict dq, REAL *restrict dkv,
                                     const int64_t *restrict seen, const int32_t *restrict table,
                                     const int32_t *restrict thresholds, REAL *restrict scratch, uint64_t key,
                                     int64_t groups, int64_t batch, int64_t heads, int64_t h, int64_t steps_q,
                                     int64_t steps_k, int64_t order) {
    BY_WIDTH(NAME(all_heads_backward)(q, kv, bias_q, bias_kv, a, lse, da, dq, dkv, seen, table, thresholds, scratch,
                                      key, groups, batch, heads, W, steps_q, steps_k, order))
}

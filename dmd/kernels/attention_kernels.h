/* Attention for all heads, forward and backward, for one kind of real number. Included like encoder_kernels.h.
 *
 * Legend: B batch, H heads, h width of a head, w = H h, T_q and T_k steps of target and source. Queries,
 * keys and values of a sample are turned feature-major first; a head is then worked on LANES queries at a time, so that
 * every operation is one on whole vectors.
 */

/* LANES numbers, and what is done with them at once. */
#undef VEC
#undef BITS
#define VEC NAME(vec)
#define BITS NAME(bits)
typedef REAL VEC __attribute__((vector_size(LANES * sizeof(REAL)), aligned(sizeof(REAL))));
typedef WHOLE BITS __attribute__((vector_size(LANES * sizeof(REAL)), aligned(sizeof(REAL))));

/* x where the byte of a lane is at least the threshold, else 0. */
static inline __attribute__((always_inline)) VEC NAME(drop)(VEC x, const uint8_t *draws, int threshold) {
    BITS bytes;
    for (int l = 0; l < LANES; l++) bytes[l] = draws[l];
    const BITS keep = bytes >= (WHOLE)threshold;
    return (VEC)((BITS)x & keep);
}

/* x in the lanes from ``first`` on; the others may not see this key. */
static inline __attribute__((always_inline)) VEC NAME(hide_later)(VEC x, int64_t first) {
    const BITS lane = {EACH_LANE(ITSELF, 0)};
    return SELECT(lane >= (WHOLE)first, x, (VEC){0} + HIDDEN);
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

/* How many of ``seen`` keys, from the key ``from`` on, any of the LANES queries from the i-th on may see. */
static inline __attribute__((always_inline)) int64_t NAME(in_sight)(int64_t i, int64_t from, int64_t seen,
                                                                    int64_t order) {
    const int64_t num = order < 0 ? seen : i + LANES + order - from;
    return num < 0 ? 0 : num < seen ? num : seen;
}

/* Rows and columns of LANES x LANES numbers change places: blocks of half the size first, then ever smaller ones. */
static inline __attribute__((always_inline)) void NAME(transpose)(VEC *x) {
#if LANES > 8
    SWAP_BLOCKS(x, 8)
#endif
    SWAP_BLOCKS(x, 4)
    SWAP_BLOCKS(x, 2)
    SWAP_BLOCKS(x, 1)
}

/* Rows x (steps, stride) of width numbers, bias added and scaled, as columns: to[c * padded + t], zeros behind the end.
 * The last tile of a row begins early rather than ending late. */
CLONES void NAME(to_columns)(
    const REAL *restrict x, const REAL *restrict bias, REAL scale, int64_t steps, int64_t stride, int64_t width,
    int64_t padded, REAL *restrict to) {
    if (width < LANES) {
        for (int64_t c = 0; c < width; c++)
            for (int64_t t = 0; t < padded; t++)
                to[c * padded + t] = t < steps ? (x[t * stride + c] + (bias ? bias[c] : 0)) * scale : 0;
        return;
    }
    for (int64_t tiles = 0; tiles < width; tiles += LANES) {
        const int64_t c = tiles + LANES <= width ? tiles : width - LANES;
        const VEC b = bias ? LOAD(bias + c) : (VEC){0};
        for (int64_t t = 0; t < padded; t += LANES) {
            VEC tile[LANES];
            if (t + LANES <= steps) {
                _Pragma("GCC unroll 16") for (int r = 0; r < LANES; r++) tile[r] = (LOAD(x + (t + r) * stride + c) + b) * scale;
            } else {
                _Pragma("GCC unroll 16") for (int r = 0; r < LANES; r++)
                    tile[r] = t + r < steps ? (LOAD(x + (t + r) * stride + c) + b) * scale : (VEC){0};
            }
            NAME(transpose)(tile);
            _Pragma("GCC unroll 16") for (int r = 0; r < LANES; r++) STORE(to + (c + r) * padded + t, tile[r]);
        }
    }
}

/* The way back, scaled, without what lies behind the end. */
CLONES void NAME(to_rows)(const REAL *restrict x, REAL scale, int64_t steps,
                                                                int64_t stride, int64_t width, int64_t padded,
                                                                REAL *restrict to) {
    if (width < LANES) {
        for (int64_t c = 0; c < width; c++)
            for (int64_t t = 0; t < steps; t++) to[t * stride + c] = x[c * padded + t] * scale;
        return;
    }
    for (int64_t tiles = 0; tiles < width; tiles += LANES) {
        const int64_t c = tiles + LANES <= width ? tiles : width - LANES;
        for (int64_t t = 0; t < steps; t += LANES) {
            VEC tile[LANES];
            _Pragma("GCC unroll 16") for (int r = 0; r < LANES; r++) tile[r] = LOAD(x + (c + r) * padded + t) * scale;
            NAME(transpose)(tile);
            _Pragma("GCC unroll 16") for (int r = 0; r < LANES; r++)
                if (t + r < steps) STORE(to + (t + r) * stride + c, tile[r]);
        }
    }
}

static inline __attribute__((always_inline)) void NAME(head_forward)(
    const REAL *restrict q, const REAL *restrict k, const REAL *restrict v, int64_t padded_q, int64_t padded_k,
    int64_t width, int64_t steps_q, int64_t from, int64_t seen, int64_t order, const uint8_t *restrict draws,
    int threshold, REAL *restrict scores, REAL *restrict out, REAL *restrict stats) {
    const REAL scale = (REAL)256 / (256 - threshold);
    for (int64_t i = 0; i < steps_q; i += LANES) {
        const int64_t num = NAME(in_sight)(i, from, seen, order);
        VEC top = (VEC){0} + BLIND, sum = {0}, acc[width];
        for (int64_t j = 0; j < num; j++) {
            VEC s = {0};
            for (int64_t c = 0; c < width; c++) s += k[c * padded_k + j] * LOAD(q + c * padded_q + i);
            if (order >= 0) s = NAME(hide_later)(s, from + j - i - order);
            top = SELECT(s > top, s, top);
            STORE(scores + j * LANES, s);
        }
        for (int64_t c = 0; c < width; c++) acc[c] = (VEC){0};
        for (int64_t j = 0; j < num; j++) {
            VEC e = NAME(vector_exp)(LOAD(scores + j * LANES) - top);
            sum += e;
            if (threshold) e = NAME(drop)(e, draws + (from + j) * steps_q + i, threshold);
            for (int64_t c = 0; c < width; c++) acc[c] += v[c * padded_k + j] * e;
        }
        const VEC inverse = SELECT(sum > 0, 1 / sum, (VEC){0});
        for (int64_t c = 0; c < width; c++) STORE(out + c * padded_q + i, acc[c] * scale * inverse);
        STORE(stats + i, top);
        STORE(stats + padded_q + i, inverse);
    }
}

static inline __attribute__((always_inline)) void NAME(head_backward)(
    const REAL *restrict q, const REAL *restrict k, const REAL *restrict v, const REAL *restrict o,
    const REAL *restrict d, int64_t padded_q, int64_t padded_k, int64_t width, int64_t steps_q, int64_t from,
    int64_t seen, int64_t order, const uint8_t *restrict draws, int threshold, const REAL *restrict stats,
    REAL *restrict dq, REAL *restrict dk, REAL *restrict dv) {
    const REAL scale = (REAL)256 / (256 - threshold);
    for (int64_t i = 0; i < steps_q; i += LANES) {
        const int64_t num_k = NAME(in_sight)(i, from, seen, order);
        const VEC top = LOAD(stats + i), inverse = LOAD(stats + padded_q + i);
        VEC centre = {0};
        for (int64_t c = 0; c < width; c++) {
            centre += LOAD(d + c * padded_q + i) * LOAD(o + c * padded_q + i);
            STORE(dq + c * padded_q + i, (VEC){0});
        }
        for (int64_t first = 0; first < num_k; first += LANES) {
            VEC weights[LANES], scores[LANES];
            const int num_q = steps_q - i < LANES ? (int)(steps_q - i) : LANES;
            const int num = num_k - first < LANES ? (int)(num_k - first) : LANES;
            for (int l = num; l < LANES; l++) weights[l] = scores[l] = (VEC){0};
            for (int l = 0; l < num; l++) {
                const int64_t j = first + l;
                VEC s = {0}, g = {0};
                for (int64_t c = 0; c < width; c++) {
                    s += k[c * padded_k + j] * LOAD(q + c * padded_q + i);
                    g += v[c * padded_k + j] * LOAD(d + c * padded_q + i);
                }
                if (order >= 0) s = NAME(hide_later)(s, from + j - i - order);
                const VEC p = NAME(vector_exp)(s - top) * inverse;
                VEC kept = p * scale;
                if (threshold) kept = NAME(drop)(kept, draws + (from + j) * steps_q + i, threshold);
                weights[l] = kept;
                scores[l] = kept * g - p * centre;
            }
            for (int64_t c = 0; c < width; c++) {
                VEC a = LOAD(dq + c * padded_q + i);
                for (int l = 0; l < num; l++) a += scores[l] * k[c * padded_k + first + l];
                STORE(dq + c * padded_q + i, a);
            }
            NAME(transpose)(weights);
            NAME(transpose)(scores);
            for (int64_t c = 0; c < width; c++) {
                VEC a = LOAD(dk + c * padded_k + first), b = LOAD(dv + c * padded_k + first);
                for (int m = 0; m < num_q; m++) {
                    a += scores[m] * q[c * padded_q + i + m];
                    b += weights[m] * d[c * padded_q + i + m];
                }
                STORE(dk + c * padded_k + first, a);
                STORE(dv + c * padded_k + first, b);
            }
        }
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

/* Numbers of scratch that either pass needs, and the random bytes of one head. */
static int64_t NAME(attention_room)(int64_t w, int64_t steps_q, int64_t steps_k) {
    const int64_t pq = PADDED(steps_q), pk = PADDED(steps_k), num_bytes = steps_q * steps_k + 64;
    return 4 * w * (pq + pk) + pk * LANES + num_bytes / (int64_t)sizeof(REAL) + 16;
}

/* a = dropout(softmax(q k^T / sqrt(h))) v for all heads of a branch; biases are added to q, k and v first.
 * q, a: (B T_q, w); kv: (B T_k, 2 w); stats: (B, H, 2, padded T_q), the largest score of a query and 1 / the sum of the
 * exponentials above it; first, seen: (B), the first key that may be seen, and how many from there on; NULL: all.
 * order: a query i sees keys up to i + order; below 0: all; one that sees none gets 0. table, key: see draw(); first_head: heads that drew from
 * this key before. */
static inline __attribute__((always_inline)) void NAME(all_heads_forward)(
    const REAL *restrict q, const REAL *restrict kv, const REAL *restrict bias_q, const REAL *restrict bias_kv,
    REAL *restrict a, REAL *restrict stats, const int64_t *restrict first, const int64_t *restrict seen,
    const int32_t *restrict table, int threshold, REAL *restrict scratch, uint64_t key, int64_t first_head,
    int64_t batch, int64_t heads, int64_t h, int64_t steps_q, int64_t steps_k, int64_t order) {
    const int64_t w = heads * h, pq = PADDED(steps_q), pk = PADDED(steps_k), num_draws = steps_k * steps_q;
    const REAL root = 1 / (REAL)sqrt((double)h);
    REAL *cq = scratch, *ck = cq + w * pq, *cv = ck + w * pk, *out = cv + w * pk, *scores = out + w * pq;
    uint8_t *draws = (uint8_t *)(scores + pk * LANES);
    for (int64_t m = 0; m < batch; m++) {
        const int64_t from = seen ? first[m] : 0, visible = seen ? seen[m] : steps_k;
        const REAL *keys = kv + (m * steps_k + from) * 2 * w;
        NAME(to_columns)(q + m * steps_q * w, bias_q, root, steps_q, w, w, pq, cq);
        NAME(to_columns)(keys, bias_kv, 1, visible, 2 * w, w, pk, ck);
        NAME(to_columns)(keys + w, bias_kv + w, 1, visible, 2 * w, w, pk, cv);
        for (int64_t head = 0; head < heads; head++) {
            const int64_t at_q = head * h * pq, at_k = head * h * pk, own = m * heads + head;
            if (threshold) draw(draws, table, key, (first_head + own) * num_draws, num_draws);
            NAME(head_forward)(cq + at_q, ck + at_k, cv + at_k, pq, pk, h, steps_q, from, visible, order, draws,
                               threshold, scores, out + at_q, stats + own * 2 * pq);
        }
        NAME(to_rows)(out, 1, steps_q, w, w, pq, a + m * steps_q * w);
    }
}

CLONES void NAME(attention_forward)(const REAL *restrict q, const REAL *restrict kv, const REAL *restrict bias_q,
                                    const REAL *restrict bias_kv, REAL *restrict a, REAL *restrict stats,
                                    const int64_t *restrict first, const int64_t *restrict seen,
                                    const int32_t *restrict table, int threshold, REAL *restrict scratch, uint64_t key,
                                    int64_t first_head, int64_t batch, int64_t heads, int64_t h, int64_t steps_q,
                                    int64_t steps_k, int64_t order) {
    BY_WIDTH(NAME(all_heads_forward)(q, kv, bias_q, bias_kv, a, stats, first, seen, table, threshold, scratch, key,
                                     first_head, batch, heads, W, steps_q, steps_k, order))
}

/* dq, dkv from da, the gradient of a; the other arguments as in the forward pass. */
static inline __attribute__((always_inline)) void NAME(all_heads_backward)(
    const REAL *restrict q, const REAL *restrict kv, const REAL *restrict bias_q, const REAL *restrict bias_kv,
    const REAL *restrict a, const REAL *restrict stats, const REAL *restrict da, REAL *restrict dq, REAL *restrict dkv,
    const int64_t *restrict first, const int64_t *restrict seen, const int32_t *restrict table, int threshold,
    REAL *restrict scratch, uint64_t key, int64_t first_head, int64_t batch, int64_t heads, int64_t h, int64_t steps_q,
    int64_t steps_k, int64_t order) {
    const int64_t w = heads * h, pq = PADDED(steps_q), pk = PADDED(steps_k), num_draws = steps_k * steps_q;
    const REAL root = 1 / (REAL)sqrt((double)h);
    REAL *cq = scratch, *ca = cq + w * pq, *cd = ca + w * pq, *gq = cd + w * pq;
    REAL *ck = gq + w * pq, *cv = ck + w * pk, *gk = cv + w * pk, *gv = gk + w * pk;
    uint8_t *draws = (uint8_t *)(gv + w * pk);
    for (int64_t m = 0; m < batch; m++) {
        const int64_t from = seen ? first[m] : 0, visible = seen ? seen[m] : steps_k;
        const REAL *keys = kv + (m * steps_k + from) * 2 * w;
        NAME(to_columns)(q + m * steps_q * w, bias_q, root, steps_q, w, w, pq, cq);
        NAME(to_columns)(a + m * steps_q * w, 0, 1, steps_q, w, w, pq, ca);
        NAME(to_columns)(da + m * steps_q * w, 0, 1, steps_q, w, w, pq, cd);
        NAME(to_columns)(keys, bias_kv, 1, visible, 2 * w, w, pk, ck);
        NAME(to_columns)(keys + w, bias_kv + w, 1, visible, 2 * w, w, pk, cv);
        memset(gk, 0, (size_t)(2 * w * pk) * sizeof(REAL));
        for (int64_t head = 0; head < heads; head++) {
            const int64_t at_q = head * h * pq, at_k = head * h * pk, own = m * heads + head;
            if (threshold) draw(draws, table, key, (first_head + own) * num_draws, num_draws);
            NAME(head_backward)(cq + at_q, ck + at_k, cv + at_k, ca + at_q, cd + at_q, pq, pk, h, steps_q, from,
                                visible, order, draws, threshold, stats + own * 2 * pq, gq + at_q, gk + at_k,
                                gv + at_k);
        }
        NAME(to_rows)(gq, root, steps_q, w, w, pq, dq + m * steps_q * w);
        REAL *dkeys = dkv + m * steps_k * 2 * w;
        if (visible < steps_k) memset(dkeys, 0, (size_t)(2 * w * steps_k) * sizeof(REAL));
        dkeys += from * 2 * w;
        NAME(to_rows)(gk, 1, visible, 2 * w, w, pk, dkeys);
        NAME(to_rows)(gv, 1, visible, 2 * w, w, pk, dkeys + w);
    }
}

CLONES void NAME(attention_backward)(const REAL *restrict q, const REAL *restrict kv, const REAL *restrict bias_q,
                                     const REAL *restrict bias_kv, const REAL *restrict a, const REAL *restrict stats,
                                     const REAL *restrict da, REAL *restrict dq, REAL *restrict dkv,
                                     const int64_t *restrict first, const int64_t *restrict seen,
                                     const int32_t *restrict table, int threshold, REAL *restrict scratch, uint64_t key,
                                     int64_t first_head, int64_t batch, int64_t heads, int64_t h, int64_t steps_q,
                                     int64_t steps_k, int64_t order) {
    BY_WIDTH(NAME(all_heads_backward)(q, kv, bias_q, bias_kv, a, stats, da, dq, dkv, first, seen, table, threshold,
                                      scratch, key, first_head, batch, heads, W, steps_q, steps_k, order))
}

/* A whole encoder layer, forward and backward, for one kind of real number and one length of vectors. Included after
 * attention_kernels.h; BASE(x) is NAME(x) without the length of the vectors.
 *
 * The same function as EncoderLayer in dmd/layers/encoder.py. Branches are worked on one after the other, so that what
 * passes from one product to the next is still in the cache. Legend: G branches, B batch, H heads, w width, T_x steps
 * of the input, T_q those that are computed (T_x, or 1), T_k of the source; N = B T.
 */

/* What the backward pass needs of a branch. hidden: NULL where it is computed anew, as what the norms put out always is:
 * memory is dearer than a pass over it, and of long sequences dearer than a product. */
struct NAME(kept) {
    REAL *stats, *source_stats, *query, *key_value, *mixed, *softmax, *middle, *second_stats, *hidden;
};

/* What both passes work in, one branch after the other. normed and source: what queries, and keys and values, are made
 * of; asked: the rows of normed that ask. d_...: gradients, of which only the backward pass has any. */
struct NAME(scratch) {
    REAL *attention, *normed, *source, *asked, *second, *hidden;
    REAL *d_hidden, *d_second, *d_skip, *d_mixed, *d_query, *d_key_value, *d_asked, *d_normed, *d_source;
};

static int NAME(keeps_hidden)(const struct BASE(layer) *l) { return l->batch * BASE(steps_q)(l) <= MOST_ROWS_KEPT; }

static struct NAME(kept) NAME(find_kept)(const struct BASE(layer) *l, REAL **room) {
    const int64_t w = l->width, steps_q = BASE(steps_q)(l);
    const int64_t rows_x = l->batch * l->steps_x, rows_q = l->batch * steps_q, rows_k = l->batch * l->steps_k;
    struct NAME(kept) k;
    k.stats = BASE(take)(room, rows_x * 2);
    k.source_stats = l->memory ? BASE(take)(room, rows_k * 2) : k.stats;
    k.query = BASE(take)(room, rows_q * w);
    k.key_value = BASE(take)(room, rows_k * 2 * w);
    k.mixed = BASE(take)(room, rows_q * w);
    k.softmax = BASE(take)(room, l->batch * l->heads * 2 * PADDED(steps_q));
    k.middle = BASE(take)(room, rows_q * w);
    k.second_stats = BASE(take)(room, rows_q * 2);
    k.hidden = NAME(keeps_hidden)(l) ? BASE(take)(room, rows_q * 4 * w) : 0;
    return k;
}

static struct NAME(scratch) NAME(find_scratch)(const struct BASE(layer) *l, REAL **room) {
    const int64_t w = l->width, steps_q = BASE(steps_q)(l), rows_q = l->batch * steps_q;
    const int64_t rows_x = l->batch * l->steps_x, rows_k = l->batch * l->steps_k;
    struct NAME(scratch) s;
    s.attention = BASE(take)(room, NAME(attention_room)(w, steps_q, l->steps_k));
    s.normed = BASE(take)(room, rows_x * w);
    s.source = l->memory ? BASE(take)(room, rows_k * w) : s.normed;
    s.asked = l->ends ? BASE(take)(room, rows_q * w) : s.normed;
    s.second = BASE(take)(room, rows_q * w);
    s.hidden = NAME(keeps_hidden)(l) ? 0 : BASE(take)(room, rows_q * 4 * w);
    s.d_hidden = BASE(take)(room, rows_q * 4 * w);
    s.d_second = BASE(take)(room, rows_q * w);
    s.d_skip = BASE(take)(room, rows_q * w);
    s.d_mixed = BASE(take)(room, rows_q * w);
    s.d_query = BASE(take)(room, rows_q * w);
    s.d_key_value = BASE(take)(room, rows_k * 2 * w);
    s.d_asked = BASE(take)(room, rows_q * w);
    s.d_normed = BASE(take)(room, rows_x * w);
    s.d_source = BASE(take)(room, rows_k * w);
    return s;
}

/* Numbers that ``kept`` has room for, for all branches, and ``scratch``, for both passes. */
struct BASE(room) NAME(layer_room)(const struct BASE(layer) *l) {
    REAL *kept = l->kept, *scratch = l->scratch;
    (void)NAME(find_kept)(l, &kept);
    (void)NAME(find_scratch)(l, &scratch);
    return (struct BASE(room)){l->groups * (kept - l->kept), scratch - l->scratch};
}

/* Where the row lies, of those of a branch, that is computed as its r-th. */
static int64_t NAME(row)(const struct BASE(layer) *l, int64_t g, int64_t r) {
    return l->ends ? r * l->steps_x + l->ends[g * l->batch + r] : r;
}

/* Of whole numbers (G, B), those of a branch; NULL stays NULL. */
static const int64_t *NAME(of_group)(const struct BASE(layer) *l, const int64_t *numbers, int64_t g) {
    return numbers ? numbers + g * l->batch : 0;
}

/* The rows of x, of a branch, that are computed. */
static void NAME(pick)(const struct BASE(layer) *l, int64_t g, const REAL *x, REAL *to) {
    const int64_t w = l->width, at_once = l->ends ? 1 : l->batch * l->steps_x, rows = l->batch * BASE(steps_q)(l);
    for (int64_t r = 0; r < rows; r += at_once)
        memcpy(to + r * w, x + NAME(row)(l, g, r) * w, (size_t)(at_once * w) * sizeof(REAL));
}

/* Drops entries of x, those of a branch, (rows, w). */
static void NAME(drop_rows)(const struct BASE(layer) *l, const struct BASE(mask) *mask, int64_t g, REAL *x, int64_t rows,
                            int64_t w) {
    if (mask->threshold) BASE(drop)(x, l->table, mask->key, mask->threshold, g * rows * w, rows * w);
}

/* to += dropout(x weight^T + bias), of a branch. x: (N_q, w_in); room: (N_q, w), worked in where something is dropped. */
static void NAME(add_branch)(const struct BASE(layer) *l, const struct BASE(mask) *mask, int64_t g, const REAL *x,
                             const REAL *weight, const REAL *bias, int64_t width_in, REAL *room, REAL *to) {
    const int64_t w = l->width, rows = l->batch * BASE(steps_q)(l);
    if (!mask->threshold) {
        BASE(add_bias)(to, bias, rows, w);
        BASE(multiply)(l->gemm, x, 0, weight, 1, to, rows, width_in, w, 1);
        return;
    }
    BASE(multiply)(l->gemm, x, 0, weight, 1, room, rows, width_in, w, 0);
    BASE(add_bias)(room, bias, rows, w);
    NAME(drop_rows)(l, mask, g, room, rows, w);
    BASE(add)(to, room, rows * w);
}

/* What reaches such a branch of the gradient behind it, which is in ``room`` where something is dropped. */
static const REAL *NAME(into_branch)(const struct BASE(layer) *l, const struct BASE(mask) *mask, int64_t g,
                                     const REAL *d_output, REAL *room) {
    const int64_t w = l->width, rows = l->batch * BASE(steps_q)(l);
    if (!mask->threshold) return d_output;
    memcpy(room, d_output, (size_t)(rows * w) * sizeof(REAL));
    NAME(drop_rows)(l, mask, g, room, rows, w);
    return room;
}

void NAME(layer_forward)(const struct BASE(layer) *l) {
    const int64_t w = l->width, steps_q = BASE(steps_q)(l);
    const int64_t rows_x = l->batch * l->steps_x, rows_q = l->batch * steps_q, rows_k = l->batch * l->steps_k;
    REAL *room = l->kept, *scratch = l->scratch;
    const struct NAME(scratch) s = NAME(find_scratch)(l, &scratch);
    for (int64_t g = 0; g < l->groups; g++) {
        const struct BASE(parameters) p = BASE(of_branch)(&l->parameters, g, w);
        const struct NAME(kept) k = NAME(find_kept)(l, &room);
        const REAL *x = l->x + g * rows_x * w;
        REAL *output = l->output + g * rows_q * w, *hidden = k.hidden ? k.hidden : s.hidden;

        BASE(norm_forward)(x, p.gain, p.shift, s.normed, k.stats, rows_x, w);
        if (l->memory)
            BASE(norm_forward)(l->memory + g * rows_k * w, p.gain, p.shift, s.source, k.source_stats, rows_k, w);
        if (l->ends) NAME(pick)(l, g, s.normed, s.asked);
        BASE(multiply)(l->gemm, s.asked, 0, p.query, 1, k.query, rows_q, w, w, 0);
        BASE(multiply)(l->gemm, s.source, 0, p.key_value, 1, k.key_value, rows_k, w, 2 * w, 0);
        NAME(attention_forward)(k.query, k.key_value, p.query_bias, p.key_value_bias, k.mixed, k.softmax,
                                NAME(of_group)(l, l->first, g), NAME(of_group)(l, l->seen, g), l->table,
                                l->thresholds[g], s.attention, l->key, g * l->batch * l->heads, l->batch, l->heads,
                                w / l->heads, steps_q, l->steps_k, l->order);
        NAME(pick)(l, g, x, k.middle);
        NAME(add_branch)(l, &l->mixed, g, k.mixed, p.out, p.out_bias, w, s.d_second, k.middle);

        BASE(norm_forward)(k.middle, p.second_gain, p.second_shift, s.second, k.second_stats, rows_q, w);
        BASE(multiply)(l->gemm, s.second, 0, p.widen, 1, hidden, rows_q, w, 4 * w, 0);
        BASE(relu_forward)(hidden, p.widen_bias, rows_q, 4 * w);
        NAME(drop_rows)(l, &l->units, g, hidden, rows_q, 4 * w);
        memcpy(output, k.middle, (size_t)(rows_q * w) * sizeof(REAL));
        NAME(add_branch)(l, &l->fed, g, hidden, p.narrow, p.narrow_bias, 4 * w, s.d_second, output);
    }
}

/* What the forward pass did not keep. */
static void NAME(compute_again)(const struct BASE(layer) *l, int64_t g, const struct BASE(parameters) *p,
                                const struct NAME(kept) *k, const struct NAME(scratch) *s) {
    const int64_t w = l->width, rows_q = l->batch * BASE(steps_q)(l);
    const int64_t rows_x = l->batch * l->steps_x, rows_k = l->batch * l->steps_k;
    BASE(norm_again)(l->x + g * rows_x * w, k->stats, p->gain, p->shift, s->normed, rows_x, w);
    if (l->memory)
        BASE(norm_again)(l->memory + g * rows_k * w, k->source_stats, p->gain, p->shift, s->source, rows_k, w);
    if (l->ends) NAME(pick)(l, g, s->normed, s->asked);
    BASE(norm_again)(k->middle, k->second_stats, p->second_gain, p->second_shift, s->second, rows_q, w);
    if (k->hidden) return;
    BASE(multiply)(l->gemm, s->second, 0, p->widen, 1, s->hidden, rows_q, w, 4 * w, 0);
    BASE(relu_forward)(s->hidden, p->widen_bias, rows_q, 4 * w);
    NAME(drop_rows)(l, &l->units, g, s->hidden, rows_q, 4 * w);
}

/* The vectors among the gradients start at zero; the passes add to them. */
static void NAME(clear_vectors)(const struct BASE(parameters) *d, int64_t w) {
    REAL *const one_width[] = {d->gain,        d->shift,        d->query_bias, d->out_bias,
                               d->second_gain, d->second_shift, d->narrow_bias};
    for (size_t i = 0; i < sizeof one_width / sizeof *one_width; i++) memset(one_width[i], 0, (size_t)w * sizeof(REAL));
    memset(d->key_value_bias, 0, (size_t)(2 * w) * sizeof(REAL));
    memset(d->widen_bias, 0, (size_t)(4 * w) * sizeof(REAL));
}

void NAME(layer_backward)(const struct BASE(layer) *l) {
    const int64_t w = l->width, steps_q = BASE(steps_q)(l);
    const int64_t rows_x = l->batch * l->steps_x, rows_q = l->batch * steps_q, rows_k = l->batch * l->steps_k;
    REAL *room = l->kept, *scratch = l->scratch;
    const struct NAME(scratch) s = NAME(find_scratch)(l, &scratch);
    for (int64_t g = 0; g < l->groups; g++) {
        const struct BASE(parameters) p = BASE(of_branch)(&l->parameters, g, w);
        const struct BASE(parameters) d = BASE(of_branch)(&l->gradients, g, w);
        const struct NAME(kept) k = NAME(find_kept)(l, &room);
        const REAL *d_output = l->d_output + g * rows_q * w;
        REAL *d_x = l->d_x + g * rows_x * w, *d_skip = l->ends ? s.d_skip : d_x;
        const REAL *hidden = k.hidden ? k.hidden : s.hidden;
        NAME(clear_vectors)(&d, w);

        NAME(compute_again)(l, g, &p, &k, &s);
        const REAL *d_fed = NAME(into_branch)(l, &l->fed, g, d_output, s.d_second);
        BASE(column_sums)(d_fed, d.narrow_bias, rows_q, w);
        BASE(multiply)(l->gemm, d_fed, 0, p.narrow, 0, s.d_hidden, rows_q, w, 4 * w, 0);
        BASE(multiply)(l->gemm, d_fed, 1, hidden, 0, d.narrow, w, rows_q, 4 * w, 0);
        BASE(relu_backward)(hidden, s.d_hidden, d.widen_bias, BASE(dropout_scale)(l->units.threshold), rows_q, 4 * w);
        BASE(multiply)(l->gemm, s.d_hidden, 0, p.widen, 0, s.d_second, rows_q, 4 * w, w, 0);
        BASE(multiply)(l->gemm, s.d_hidden, 1, s.second, 0, d.widen, 4 * w, rows_q, w, 0);
        memcpy(d_skip, d_output, (size_t)(rows_q * w) * sizeof(REAL));
        BASE(norm_backward)(s.d_second, k.middle, k.second_stats, p.second_gain, d_skip, d.second_gain, d.second_shift,
                            rows_q, w);

        const REAL *d_out = NAME(into_branch)(l, &l->mixed, g, d_skip, s.d_second);
        BASE(column_sums)(d_out, d.out_bias, rows_q, w);
        BASE(multiply)(l->gemm, d_out, 0, p.out, 0, s.d_mixed, rows_q, w, w, 0);
        BASE(multiply)(l->gemm, d_out, 1, k.mixed, 0, d.out, w, rows_q, w, 0);
        NAME(attention_backward)(k.query, k.key_value, p.query_bias, p.key_value_bias, k.mixed, k.softmax, s.d_mixed,
                                 s.d_query, s.d_key_value, NAME(of_group)(l, l->first, g),
                                 NAME(of_group)(l, l->seen, g), l->table, l->thresholds[g], s.attention, l->key,
                                 g * l->batch * l->heads, l->batch, l->heads, w / l->heads, steps_q, l->steps_k,
                                 l->order);
        BASE(column_sums)(s.d_query, d.query_bias, rows_q, w);
        BASE(column_sums)(s.d_key_value, d.key_value_bias, rows_k, 2 * w);
        BASE(multiply)(l->gemm, s.d_query, 1, s.asked, 0, d.query, w, rows_q, w, 0);
        BASE(multiply)(l->gemm, s.d_key_value, 1, s.source, 0, d.key_value, 2 * w, rows_k, w, 0);

        /* to the normed input, and from there to the input; of a self-attention layer it is the source as well */
        REAL *d_source = l->memory ? s.d_source : s.d_normed;
        BASE(multiply)(l->gemm, s.d_key_value, 0, p.key_value, 0, d_source, rows_k, 2 * w, w, 0);
        if (l->ends) {
            if (l->memory) memset(s.d_normed, 0, (size_t)(rows_x * w) * sizeof(REAL));
            memset(d_x, 0, (size_t)(rows_x * w) * sizeof(REAL));
            BASE(multiply)(l->gemm, s.d_query, 0, p.query, 0, s.d_asked, rows_q, w, w, 0);
            for (int64_t r = 0; r < rows_q; r++) {
                const int64_t to = NAME(row)(l, g, r) * w;
                for (int64_t c = 0; c < w; c++) s.d_normed[to + c] += s.d_asked[r * w + c];
                memcpy(d_x + to, d_skip + r * w, (size_t)w * sizeof(REAL));
            }
        } else
            BASE(multiply)(l->gemm, s.d_query, 0, p.query, 0, s.d_normed, rows_q, w, w, !l->memory);
        BASE(norm_backward)(s.d_normed, l->x + g * rows_x * w, k.stats, p.gain, d_x, d.gain, d.shift, rows_x, w);
        if (l->memory) {
            REAL *d_memory = l->d_memory + g * rows_k * w;
            BASE(norm_backward)(s.d_source, l->memory + g * rows_k * w, k.source_stats, p.gain, d_memory, d.gain,
                                d.shift, rows_k, w);
        }
    }
}

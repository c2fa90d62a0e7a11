/* What a layer is, for one kind of real number. Included like encoder_kernels.h.
 *
 * Legend: G branches, B batch, w width, T_x steps of the input, T_q those that are computed (T_x, or 1), T_k of the
 * source; N = B T.
 */

/* The parameters of a branch, or their gradients. */
struct BASE(parameters) {
    REAL *gain, *shift, *query, *query_bias, *key_value, *key_value_bias, *out, *out_bias, *second_gain, *second_shift;
    REAL *widen, *widen_bias, *narrow, *narrow_bias;
};

/* A mask of dropout over all branches, (G, N, ...), with one rate; its threshold is 0 where nothing is dropped. */
struct BASE(mask) {
    uint64_t key;
    int64_t threshold;
};

/* A layer of all branches; its parameters have the branch as their first axis. What follows them only the backward pass
 * needs. */
struct BASE(layer) {
    int64_t groups, batch, heads, width, steps_x, steps_k;
    int64_t order; /* a query i sees keys up to i + order; below 0: all */
    BASE(gemm) gemm;
    const REAL *x, *memory;     /* (G, N_x, w); (G, N_k, w), or NULL: the source is x itself */
    /* (G, B): the first key that may be seen and how many from there on, NULL: all; the step to compute, NULL: all */
    const int64_t *first, *seen, *ends;
    const int32_t *table;       /* see draw() */
    const int32_t *thresholds;  /* (G) */
    uint64_t key;
    /* of what attention gives, of the hidden units, of what the feed-forward part gives */
    struct BASE(mask) mixed, units, fed;
    REAL *kept, *scratch, *output; /* output: (G, N_q, w) */
    struct BASE(parameters) parameters;
    const REAL *d_output;
    REAL *d_x, *d_memory; /* d_memory is added to */
    struct BASE(parameters) gradients;
};

static struct BASE(parameters) BASE(of_branch)(const struct BASE(parameters) *all, int64_t g, int64_t w) {
    return (struct BASE(parameters)){
        all->gain + g * w, all->shift + g * w,
        all->query + g * w * w, all->query_bias + g * w,
        all->key_value + g * 2 * w * w, all->key_value_bias + g * 2 * w,
        all->out + g * w * w, all->out_bias + g * w,
        all->second_gain + g * w, all->second_shift + g * w,
        all->widen + g * 4 * w * w, all->widen_bias + g * 4 * w,
        all->narrow + g * 4 * w * w, all->narrow_bias + g * w,
    };
}

/* Numbers of room that a layer needs. */
struct BASE(room) {
    int64_t kept, scratch;
};

/* Hands out room for ``size`` numbers, in whole cache lines. */
static REAL *BASE(take)(REAL **room, int64_t size) {
    REAL *const taken = *room;
    *room += (size + 15) / 16 * 16;
    return taken;
}

static int64_t BASE(steps_q)(const struct BASE(layer) *l) { return l->ends ? 1 : l->steps_x; }

/* A stack of encoder layers and the norm behind it, if there is one, forward and backward, for one kind of real number. Included after
 * layer_kernels.h, with LAYER(x, l): the function x with vectors of the length that suits the layer l.
 *
 * Legend: as in layer_table.h; L levels.
 */

/* What is different from one level to the next; see struct layer. Each keeps what it has to in a place of its own,
 * because the C library fetches large ones anew from the system every time. */
struct BASE(level) {
    int64_t order;
    const int64_t *first, *seen, *ends;
    uint64_t key;
    struct BASE(mask) mixed, units, fed;
    REAL *kept;
    struct BASE(parameters) parameters, gradients;
};

/* What Python describes a stack by: addresses and whole numbers of 8 bytes, in this order, followed by its levels. What
 * follows ``shift`` only the backward pass needs. Only the last level may have ends: T_q steps are computed there. */
struct BASE(stack) {
    int64_t num_levels, groups, batch, heads, width, steps_x, steps_k;
    BASE(gemm) gemm;
    const REAL *x, *memory;
    const int32_t *table, *thresholds;
    REAL *scratch;
    REAL *output;             /* (G, N_q, w) */
    const REAL *gain, *shift; /* (G, w), of the norm; NULL: there is none */
    const REAL *d_output;
    REAL *d_x, *d_memory; /* d_memory: zeros, added to */
    REAL *d_gain, *d_shift;
    struct BASE(level) levels[];
};

/* Fills in the layers, each of which reads what the one before it puts out, and where the statistics of the norm lie.
 * sizes: numbers of room, for the scratch of the layer that needs most, and for what each level keeps. */
static void BASE(find_layers)(const struct BASE(stack) *s, struct BASE(layer) *layers, REAL **stats, int64_t *sizes) {
    const REAL *x = s->x;
    sizes[0] = 0;
    for (int64_t i = 0; i < s->num_levels; i++) {
        const struct BASE(level) *own = s->levels + i;
        struct BASE(layer) *l = layers + i;
        *l = (struct BASE(layer)){
            .groups = s->groups, .batch = s->batch, .heads = s->heads, .width = s->width, .steps_x = s->steps_x,
            .steps_k = s->steps_k, .order = own->order, .gemm = s->gemm, .x = x, .memory = s->memory,
            .first = own->first, .seen = own->seen, .ends = own->ends, .table = s->table,
            .thresholds = s->thresholds, .key = own->key, .mixed = own->mixed, .units = own->units, .fed = own->fed,
            .kept = own->kept, .scratch = s->scratch, .parameters = own->parameters, .d_memory = s->d_memory,
            .gradients = own->gradients,
        };
        const struct BASE(room) room = LAYER(layer_room, l)(l);
        const int64_t rows = l->groups * l->batch * BASE(steps_q)(l);
        REAL *kept = own->kept;
        (void)BASE(take)(&kept, room.kept);
        l->output = BASE(take)(&kept, rows * l->width);
        x = l->output;
        if (i == s->num_levels - 1) *stats = BASE(take)(&kept, rows * 2);
        sizes[0] = room.scratch > sizes[0] ? room.scratch : sizes[0];
        sizes[1 + i] = kept - own->kept;
    }
}

/* sizes: numbers of room that ``scratch`` needs, and what is kept of each level. */
void BASE(stack_room)(const struct BASE(stack) *s, int64_t *sizes) {
    struct BASE(layer) layers[s->num_levels];
    REAL *stats;
    BASE(find_layers)(s, layers, &stats, sizes);
    sizes[0] += s->groups * s->batch * s->steps_x * s->width; /* see stack_backward */
}

void BASE(stack_forward)(const struct BASE(stack) *s) {
    struct BASE(layer) layers[s->num_levels];
    REAL *stats;
    int64_t sizes[1 + s->num_levels];
    BASE(find_layers)(s, layers, &stats, sizes);
    for (const struct BASE(layer) *l = layers; l < layers + s->num_levels; l++) LAYER(layer_forward, l)(l);
    const struct BASE(layer) *last = layers + s->num_levels - 1;
    const int64_t w = s->width, rows = s->batch * BASE(steps_q)(last);
    if (!s->gain) {
        memcpy(s->output, last->output, (size_t)(s->groups * rows * w) * sizeof(REAL));
        return;
    }
    for (int64_t g = 0; g < s->groups; g++)
        BASE(norm_forward)(last->output + g * rows * w, s->gain + g * w, s->shift + g * w, s->output + g * rows * w,
                           stats + g * rows * 2, rows, w);
}

void BASE(stack_backward)(const struct BASE(stack) *s) {
    struct BASE(layer) layers[s->num_levels];
    REAL *stats;
    int64_t sizes[1 + s->num_levels];
    BASE(find_layers)(s, layers, &stats, sizes);
    const struct BASE(layer) *last = layers + s->num_levels - 1;
    const int64_t w = s->width, rows = s->batch * BASE(steps_q)(last);
    /* gradients go down the levels from one to the other of two places; that of the input has to end in its own */
    REAL *to = s->d_x, *from = s->scratch + sizes[0];
    if (s->num_levels % 2 == 1) { REAL *other = to; to = from; from = other; }
    if (s->gain) {
        memset(to, 0, (size_t)(s->groups * rows * w) * sizeof(REAL));
        memset(s->d_gain, 0, (size_t)(s->groups * w) * sizeof(REAL));
        memset(s->d_shift, 0, (size_t)(s->groups * w) * sizeof(REAL));
        for (int64_t g = 0; g < s->groups; g++)
            BASE(norm_backward)(s->d_output + g * rows * w, last->output + g * rows * w, stats + g * rows * 2,
                                s->gain + g * w, to + g * rows * w, s->d_gain + g * w, s->d_shift + g * w, rows, w);
    } else {
        memcpy(to, s->d_output, (size_t)(s->groups * rows * w) * sizeof(REAL));
    }
    for (int64_t i = s->num_levels - 1; i >= 0; i--) {
        struct BASE(layer) *l = layers + i;
        REAL *other = to; to = from; from = other;
        l->d_output = from;
        l->d_x = to;
        LAYER(layer_backward, l)(l);
    }
}

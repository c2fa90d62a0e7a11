/* The recurrence of an LSTM (dmd/kernels/lstm_cells.py), forward and backward, for one kind of real number. Included like
 * encoder_kernels.h. Legend: T steps, B rows, h width of the state; time comes first everywhere. */

/* exp(-|x|), relative error 1e-6 (the polynomial of vector_exp()); beyond 87 that of 87. Without branches, so that loops
 * over it become vectors: numbers of one sign are in the order of their bits. */
static inline __attribute__((always_inline)) REAL NAME(decay)(REAL x) {
#ifdef EXP_FLOAT
    union {
        float value;
        int32_t bits;
    } size = {__builtin_fabsf(x)}, most = {87.0f}, power;
    size.bits = size.bits < most.bits ? size.bits : most.bits;
    const int32_t n = (int32_t)(size.value * -1.44269504f - 0.5f);
    const float r = ((float)n * -0.693359375f - size.value) + (float)n * 2.12194440e-4f;
    float p = 1.9875691500e-4f * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    power.bits = (n + 127) << 23;
    return (p * r * r + r + 1.0f) * power.value;
#else
    return exp(-fabs(x));
#endif
}

/* tanh(x) = (1 - exp(-2 |x|)) / (1 + exp(-2 |x|)) with the sign of x, and 1 / (1 + exp(-x)). What is no number stays
 * none. */
static inline __attribute__((always_inline)) REAL NAME(squash)(REAL x) {
    const REAL e = NAME(decay)(2 * x), t = (1 - e) / (1 + e);
    return (sizeof(REAL) == 4 ? __builtin_copysignf(t, x) : __builtin_copysign(t, x)) + 0 * x;
}
static inline __attribute__((always_inline)) REAL NAME(sigmoid)(REAL x) {
    return (REAL)0.5 + (REAL)0.5 * NAME(squash)((REAL)0.5 * x);
}

/* Where candidate, input gate, forget gate and output gate lie in a row of 4 h: in this order, or in PyTorch's, which is
 * input gate, forget gate, candidate, output gate. */
#define CANDIDATE(torch_order) ((torch_order) ? 2 : 0)
#define INTO(torch_order) ((torch_order) ? 0 : 1)
#define KEEP(torch_order) ((torch_order) ? 1 : 2)
#define OUT 3

/* One row of one step. gates: (4 h), the sums before they are squashed, and after. before: (h), the cells before. */
CLONES void NAME(cell_row_forward)(REAL *restrict candidate, REAL *restrict into, REAL *restrict keep,
                                   REAL *restrict out, const REAL *restrict before, REAL *restrict cells,
                                   REAL *restrict squashed, REAL *restrict hidden, int64_t h) {
    for (int64_t i = 0; i < h; i++) {
        const REAL g = NAME(squash)(candidate[i]), a = NAME(sigmoid)(into[i]);
        const REAL f = NAME(sigmoid)(keep[i]), o = NAME(sigmoid)(out[i]);
        const REAL c = g * a + f * before[i], s = NAME(squash)(c);
        candidate[i] = g;
        into[i] = a;
        keep[i] = f;
        out[i] = o;
        cells[i] = c;
        squashed[i] = s;
        hidden[i] = o * s;
    }
}

/* Gradients of the sums of one row. d_hidden, d_cell: (h), what arrives at the state; d_cell is then what reaches the
 * cells before. */
CLONES void NAME(cell_row_backward)(const REAL *restrict gates, const REAL *restrict before,
                                    const REAL *restrict squashed, const REAL *restrict d_hidden,
                                    REAL *restrict d_cell, REAL *restrict d_gates, int64_t h, int64_t torch_order) {
    const int64_t at_g = CANDIDATE(torch_order) * h, at_a = INTO(torch_order) * h, at_f = KEEP(torch_order) * h;
    for (int64_t i = 0; i < h; i++) {
        const REAL g = gates[at_g + i], a = gates[at_a + i], f = gates[at_f + i], o = gates[OUT * h + i];
        const REAL s = squashed[i], through = d_cell[i] + d_hidden[i] * o * (1 - s * s);
        d_gates[at_g + i] = through * a * (1 - g * g);
        d_gates[at_a + i] = through * g * a * (1 - a);
        d_gates[at_f + i] = through * before[i] * f * (1 - f);
        d_gates[OUT * h + i] = d_hidden[i] * s * o * (1 - o);
        d_cell[i] = through * f;
    }
}

CLONES void NAME(add)(REAL *restrict to, const REAL *restrict x, int64_t size) {
    for (int64_t i = 0; i < size; i++) to[i] += x[i];
}

/* From a state of zeros. products: (T, B, 4 h), what the inputs add to the gates; turned: (h, 4 h), from the
 * state before; gates: like products; hidden, cells, squashed: (T, B, h), states, cells, and their tanh. nothing: (h) zeros. */
void NAME(cells_forward)(NAME(gemm) gemm, const REAL *products, const REAL *turned, REAL *gates, REAL *hidden,
                         REAL *cells, REAL *squashed, const REAL *nothing, int64_t steps, int64_t batch, int64_t h,
                         int64_t torch_order) {
    const int64_t state = batch * h;
    memcpy(gates, products, (size_t)(4 * steps * state) * sizeof(REAL));
    for (int64_t t = 0; t < steps; t++) {
        if (t) NAME(multiply_again)(gemm, hidden + (t - 1) * state, turned, gates + 4 * t * state, batch, h, 4 * h, 1);
        for (int64_t b = 0; b < batch; b++) {
            const int64_t at = t * state + b * h;
            REAL *row = gates + 4 * at;
            NAME(cell_row_forward)(row + CANDIDATE(torch_order) * h, row + INTO(torch_order) * h,
                                   row + KEEP(torch_order) * h, row + OUT * h, t ? cells + at - state : nothing,
                                   cells + at, squashed + at, hidden + at, h);
        }
    }
}

/* d_hidden, d_cells: (T, B, h), what arrived, NULL: nothing; d_gates: (T, B, 4 h), of the products as well; carried: (2,
 * B, h), room to work in. */
void NAME(cells_backward)(NAME(gemm) gemm, const REAL *weight, const REAL *gates, const REAL *cells,
                          const REAL *squashed, const REAL *d_hidden, const REAL *d_cells, REAL *d_gates, REAL *carried,
                          const REAL *nothing, int64_t steps, int64_t batch, int64_t h, int64_t torch_order) {
    const int64_t state = batch * h;
    REAL *to_hidden = carried, *to_cells = carried + state;
    memset(carried, 0, (size_t)(2 * state) * sizeof(REAL));
    for (int64_t t = steps - 1; t >= 0; t--) {
        if (d_hidden) NAME(add)(to_hidden, d_hidden + t * state, state);
        if (d_cells) NAME(add)(to_cells, d_cells + t * state, state);
        for (int64_t b = 0; b < batch; b++) {
            const int64_t at = t * state + b * h;
            NAME(cell_row_backward)(gates + 4 * at, t ? cells + at - state : nothing, squashed + at, to_hidden + b * h,
                                    to_cells + b * h, d_gates + 4 * at, h, torch_order);
        }
        if (t) NAME(multiply_again)(gemm, d_gates + 4 * t * state, weight, to_hidden, batch, 4 * h, h, 0);
    }
}

#undef CANDIDATE
#undef INTO
#undef KEEP
#undef OUT

/* The terms of L_dec that look at one modality (dmd/models/decoupling.py), forward and backward, for one kind of real
 * number. Included like encoder_kernels.h. Legend: B samples, T steps, d width; N = B T rows, of a sample side by side.
 */

#define COSINE_EPSILON 1e-8 /* that a norm counts as at least, as in torch */
enum { NAME(squared), NAME(of_again), NAME(of_cosines), NAME(num_sums) };
enum { NAME(signed_form), NAME(relu_form), NAME(squared_form) };

/* What Python describes a modality by: addresses and whole numbers of 8 bytes, in this order. What follows ``sums`` only
 * the backward pass needs. */
struct NAME(decoupled) {
    NAME(gemm) gemm;
    int64_t samples, steps, width;
    int64_t along_batch, form;        /* the cosine of a step and channel over the batch, or of a row; see above */
    const int64_t *firsts, *lengths;  /* (B): the first real step and how many there are; NULL: all are real */
    const REAL *x, *common, *exclusive; /* (N, d) */
    const REAL *encoder, *decoder;    /* (d, d); (d, 2 d), of the exclusive and of the common features */
    REAL *decoded, *again;            /* (N, d): what is decoded, and its exclusive features */
    REAL *cosines;                    /* (3, N) or (3, T d): cosines, and 1 / both norms */
    REAL *room;                       /* (N, 4 d) */
    REAL *sums;                       /* over real elements: squared errors of both, cosines */
    const REAL *d_sums;
    REAL *d_x, *d_common, *d_exclusive, *d_encoder, *d_decoder;
};

static int NAME(is_real)(const struct NAME(decoupled) *one, int64_t row) {
    if (!one->lengths) return 1;
    const int64_t b = row / one->steps, t = row % one->steps - one->firsts[b];
    return t >= 0 && t < one->lengths[b];
}

/* (N, 2 d): both shares of every row, the exclusive one first. */
static void NAME(lay_side_by_side)(const struct NAME(decoupled) *one, REAL *to) {
    const int64_t d = one->width;
    for (int64_t r = 0; r < one->samples * one->steps; r++) {
        memcpy(to + r * 2 * d, one->exclusive + r * d, (size_t)d * sizeof(REAL));
        memcpy(to + r * 2 * d + d, one->common + r * d, (size_t)d * sizeof(REAL));
    }
}

CLONES static double NAME(squared_error)(const REAL *restrict a, const REAL *restrict b, int64_t size) {
    REAL sum = 0;
    for (int64_t i = 0; i < size; i++) sum += (a[i] - b[i]) * (a[i] - b[i]);
    return sum;
}

/* The cosine of two rows of ``size``, and 1 / their norms. */
CLONES static void NAME(row_cosine)(const REAL *restrict a, const REAL *restrict b, int64_t size, REAL *restrict cosine,
                                    REAL *restrict inverse_a, REAL *restrict inverse_b) {
    REAL dot = 0, aa = 0, bb = 0;
    for (int64_t i = 0; i < size; i++) {
        dot += a[i] * b[i];
        aa += a[i] * a[i];
        bb += b[i] * b[i];
    }
    *inverse_a = 1 / fmax(sqrt(aa), COSINE_EPSILON);
    *inverse_b = 1 / fmax(sqrt(bb), COSINE_EPSILON);
    *cosine = dot * *inverse_a * *inverse_b;
}

/* The same of each of ``size`` columns of ``rows`` rows. */
CLONES static void NAME(column_cosines)(const REAL *restrict a, const REAL *restrict b, int64_t rows, int64_t size,
                                        REAL *restrict cosine, REAL *restrict inverse_a, REAL *restrict inverse_b) {
    memset(cosine, 0, (size_t)size * sizeof(REAL));
    memset(inverse_a, 0, (size_t)size * sizeof(REAL));
    memset(inverse_b, 0, (size_t)size * sizeof(REAL));
    for (int64_t r = 0; r < rows; r++)
        for (int64_t i = 0; i < size; i++) {
            cosine[i] += a[r * size + i] * b[r * size + i];
            inverse_a[i] += a[r * size + i] * a[r * size + i];
            inverse_b[i] += b[r * size + i] * b[r * size + i];
        }
    for (int64_t i = 0; i < size; i++) {
        const REAL norm_a = REAL_SQRT(inverse_a[i]), norm_b = REAL_SQRT(inverse_b[i]), least = (REAL)COSINE_EPSILON;
        inverse_a[i] = 1 / (norm_a > least ? norm_a : least);
        inverse_b[i] = 1 / (norm_b > least ? norm_b : least);
        cosine[i] *= inverse_a[i] * inverse_b[i];
    }
}

static REAL NAME(shaped)(REAL cosine, int64_t form) {
    return form == NAME(squared_form) ? cosine * cosine : form == NAME(relu_form) && cosine < 0 ? 0 : cosine;
}

static REAL NAME(d_shaped)(REAL cosine, int64_t form) {
    return form == NAME(squared_form) ? 2 * cosine : form == NAME(relu_form) && cosine <= 0 ? 0 : 1;
}

/* Numbers of cosines that there are. */
static int64_t NAME(num_cosines)(const struct NAME(decoupled) *one) {
    return one->steps * (one->along_batch ? one->width : one->samples);
}

static void NAME(find_cosines)(const struct NAME(decoupled) *one) {
    const int64_t d = one->width, num = NAME(num_cosines)(one);
    REAL *cosine = one->cosines, *inverse_a = cosine + num, *inverse_b = inverse_a + num;
    double sum = 0;
    if (one->along_batch)
        NAME(column_cosines)(one->common, one->exclusive, one->samples, num, cosine, inverse_a, inverse_b);
    for (int64_t i = 0; i < num; i++) {
        if (!one->along_batch)
            NAME(row_cosine)(one->common + i * d, one->exclusive + i * d, d, cosine + i, inverse_a + i, inverse_b + i);
        if (one->along_batch || NAME(is_real)(one, i)) sum += NAME(shaped)(cosine[i], one->form);
    }
    one->sums[NAME(of_cosines)] = (REAL)sum;
}

/* Adds to d_a, (rows, size), what reaches a through its cosines with b, one for every column, whose gradients are
 * ``d``. A norm that was raised to its least does not pass anything on. */
CLONES static void NAME(d_columns)(const REAL *restrict a, const REAL *restrict b, const REAL *restrict cosine,
                                   const REAL *restrict inverse_a, const REAL *restrict inverse_b,
                                   const REAL *restrict d, int64_t rows, int64_t size, REAL *restrict d_a) {
    const REAL largest = (REAL)(1 / COSINE_EPSILON);
    for (int64_t r = 0; r < rows; r++)
        for (int64_t i = 0; i < size; i++) {
            const REAL own = inverse_a[i] < largest ? cosine[i] * inverse_a[i] * inverse_a[i] : 0;
            d_a[r * size + i] += d[i] * (b[r * size + i] * inverse_a[i] * inverse_b[i] - own * a[r * size + i]);
        }
}

/* The same of one row, whose cosine's gradient is ``d``. */
CLONES static void NAME(d_row)(const REAL *restrict a, const REAL *restrict b, REAL cosine, REAL inverse_a,
                               REAL inverse_b, REAL d, int64_t size, REAL *restrict d_a) {
    const REAL own = inverse_a < (REAL)(1 / COSINE_EPSILON) ? cosine * inverse_a * inverse_a : 0;
    const REAL other = inverse_a * inverse_b;
    for (int64_t i = 0; i < size; i++) d_a[i] += d * (b[i] * other - own * a[i]);
}

static void NAME(pass_through_cosines)(const struct NAME(decoupled) *one, REAL *gradients) {
    const int64_t d = one->width, num = NAME(num_cosines)(one);
    const REAL *cosine = one->cosines, *inverse_a = cosine + num, *inverse_b = inverse_a + num;
    for (int64_t i = 0; i < num; i++) {
        const int counts = one->along_batch || NAME(is_real)(one, i);
        gradients[i] = counts ? one->d_sums[NAME(of_cosines)] * NAME(d_shaped)(cosine[i], one->form) : 0;
    }
    if (one->along_batch) {
        NAME(d_columns)(one->common, one->exclusive, cosine, inverse_a, inverse_b, gradients, one->samples, num,
                        one->d_common);
        NAME(d_columns)(one->exclusive, one->common, cosine, inverse_b, inverse_a, gradients, one->samples, num,
                        one->d_exclusive);
        return;
    }
    for (int64_t i = 0; i < num; i++) {
        const REAL *a = one->common + i * d, *b = one->exclusive + i * d;
        NAME(d_row)(a, b, cosine[i], inverse_a[i], inverse_b[i], gradients[i], d, one->d_common + i * d);
        NAME(d_row)(b, a, cosine[i], inverse_b[i], inverse_a[i], gradients[i], d, one->d_exclusive + i * d);
    }
}

void NAME(decoupling_forward)(const struct NAME(decoupled) *all, int64_t num) {
    for (const struct NAME(decoupled) *one = all; one < all + num; one++) {
        const int64_t d = one->width, rows = one->samples * one->steps;
        double squared = 0, of_again = 0;
        NAME(lay_side_by_side)(one, one->room);
        NAME(multiply)(one->gemm, one->room, 0, one->decoder, 1, one->decoded, rows, 2 * d, d, 0);
        NAME(multiply)(one->gemm, one->decoded, 0, one->encoder, 1, one->again, rows, d, d, 0);
        for (int64_t r = 0; r < rows; r++)
            if (NAME(is_real)(one, r)) {
                squared += NAME(squared_error)(one->x + r * d, one->decoded + r * d, d);
                of_again += NAME(squared_error)(one->exclusive + r * d, one->again + r * d, d);
            }
        one->sums[NAME(squared)] = (REAL)squared;
        one->sums[NAME(of_again)] = (REAL)of_again;
        NAME(find_cosines)(one);
    }
}

/* ``d_a`` = ``factor`` (a - b), and ``d_b`` the opposite. */
CLONES static void NAME(d_squared_error)(const REAL *restrict a, const REAL *restrict b, REAL factor, int64_t size,
                                         REAL *restrict d_a, REAL *restrict d_b) {
    for (int64_t i = 0; i < size; i++) {
        const REAL d = factor * (a[i] - b[i]);
        d_a[i] = d;
        d_b[i] = -d;
    }
}

/* Adds both shares of (N, 2 d). */
CLONES static void NAME(add_shares)(const REAL *restrict side, int64_t rows, int64_t d, REAL *restrict exclusive,
                                    REAL *restrict common) {
    for (int64_t r = 0; r < rows; r++)
        for (int64_t i = 0; i < d; i++) {
            exclusive[r * d + i] += side[r * 2 * d + i];
            common[r * d + i] += side[r * 2 * d + d + i];
        }
}

void NAME(decoupling_backward)(const struct NAME(decoupled) *all, int64_t num) {
    for (const struct NAME(decoupled) *one = all; one < all + num; one++) {
        const int64_t d = one->width, rows = one->samples * one->steps;
        REAL *d_decoded = one->room, *d_again = d_decoded + rows * d, *side = d_again + rows * d;
        memset(one->d_common, 0, (size_t)(rows * d) * sizeof(REAL));
        for (int64_t r = 0; r < rows; r++) {
            const REAL real = NAME(is_real)(one, r) ? 2 : 0;
            NAME(d_squared_error)(one->x + r * d, one->decoded + r * d, real * one->d_sums[NAME(squared)], d,
                                  one->d_x + r * d, d_decoded + r * d);
            NAME(d_squared_error)(one->exclusive + r * d, one->again + r * d, real * one->d_sums[NAME(of_again)], d,
                                  one->d_exclusive + r * d, d_again + r * d);
        }
        NAME(pass_through_cosines)(one, side);
        NAME(multiply)(one->gemm, d_again, 1, one->decoded, 0, one->d_encoder, d, rows, d, 0);
        NAME(multiply)(one->gemm, d_again, 0, one->encoder, 0, d_decoded, rows, d, d, 1);
        NAME(lay_side_by_side)(one, side);
        NAME(multiply)(one->gemm, d_decoded, 1, side, 0, one->d_decoder, d, rows, 2 * d, 0);
        NAME(multiply)(one->gemm, d_decoded, 0, one->decoder, 0, side, rows, d, 2 * d, 0);
        NAME(add_shares)(side, rows, d, one->d_exclusive, one->d_common);
    }
}
#undef COSINE_EPSILON

/* Residual heads (dmd/layers/heads.py), forward and backward, for one kind of real number. Included like
 * encoder_kernels.h. Legend: B samples, w width, i inner width. */

/* The parameters of a head, or their gradients. */
struct NAME(head_parameters) {
    REAL *into, *into_bias, *back, *back_bias, *out, *out_bias; /* (i, w), (i), (w, i), (w), (w), (1) */
};

/* What Python describes a head by: addresses and whole numbers of 8 bytes, in this order. What follows the parameters
 * only the backward pass needs; a gradient that did not arrive is NULL. */
struct NAME(head) {
    NAME(gemm) gemm;
    int64_t samples, width, inner;
    const int32_t *table; /* see draw() */
    int64_t threshold;
    uint64_t key;
    const REAL *x;                            /* (B, w) */
    REAL *hidden, *kept, *residual, *logit;   /* (B, i); the same after dropout; (B, w); (B) */
    struct NAME(head_parameters) parameters;
    const REAL *d_hidden, *d_residual, *d_logit;
    REAL *d_x, *d_kept; /* (B, w); (B, i), room to work in */
    struct NAME(head_parameters) gradients;
};

/* hidden = ReLU(x W1 + b1); residual = dropout(hidden) W2 + b2 + x; logit = residual w + b. */
void NAME(heads_forward)(const struct NAME(head) *heads, int64_t num) {
    for (const struct NAME(head) *head = heads; head < heads + num; head++) {
        const struct NAME(head_parameters) p = head->parameters;
        const int64_t n = head->samples, w = head->width, inner = head->inner;
        NAME(multiply)(head->gemm, head->x, 0, p.into, 1, head->hidden, n, w, inner, 0);
        NAME(relu_forward)(head->hidden, p.into_bias, n, inner);
        NAME(dropout)(head->hidden, head->kept, head->table, head->key, head->threshold, n * inner);
        memcpy(head->residual, head->x, (size_t)(n * w) * sizeof(REAL));
        NAME(add_bias)(head->residual, p.back_bias, n, w);
        NAME(multiply)(head->gemm, head->kept, 0, p.back, 1, head->residual, n, inner, w, 1);
        for (int64_t b = 0; b < n; b++) head->logit[b] = *p.out_bias;
        NAME(multiply)(head->gemm, head->residual, 0, p.out, 0, head->logit, n, w, 1, 1);
    }
}

/* What reaches ``hidden`` before ReLU: through dropout, whose survivors are those that are positive still, and
 * straight. d_kept in place; d_hidden: NULL, or what arrived there from outside. */
CLONES void NAME(into_hidden)(const REAL *restrict hidden, const REAL *restrict kept, const REAL *restrict d_hidden,
                              REAL scale, REAL *restrict d_kept, int64_t size) {
    for (int64_t i = 0; i < size; i++) d_kept[i] = kept[i] > 0 ? d_kept[i] * scale : 0;
    for (int64_t i = 0; d_hidden && i < size; i++) d_kept[i] += hidden[i] > 0 ? d_hidden[i] : 0;
}

void NAME(heads_backward)(const struct NAME(head) *heads, int64_t num) {
    for (const struct NAME(head) *head = heads; head < heads + num; head++) {
        const struct NAME(head_parameters) p = head->parameters, d = head->gradients;
        const int64_t n = head->samples, w = head->width, inner = head->inner;
        REAL *d_residual = head->d_x;
        if (head->d_residual)
            memcpy(d_residual, head->d_residual, (size_t)(n * w) * sizeof(REAL));
        else
            memset(d_residual, 0, (size_t)(n * w) * sizeof(REAL));
        *d.out_bias = 0;
        memset(d.out, 0, (size_t)w * sizeof(REAL));
        if (head->d_logit) {
            NAME(multiply)(head->gemm, head->d_logit, 0, p.out, 0, d_residual, n, 1, w, 1);
            NAME(multiply)(head->gemm, head->d_logit, 0, head->residual, 0, d.out, 1, n, w, 0);
            for (int64_t b = 0; b < n; b++) *d.out_bias += head->d_logit[b];
        }
        memset(d.back_bias, 0, (size_t)w * sizeof(REAL));
        NAME(column_sums)(d_residual, d.back_bias, n, w);
        NAME(multiply)(head->gemm, d_residual, 1, head->kept, 0, d.back, w, n, inner, 0);
        NAME(multiply)(head->gemm, d_residual, 0, p.back, 0, head->d_kept, n, w, inner, 0);
        NAME(into_hidden)(head->hidden, head->kept, head->d_hidden, (REAL)256 / (256 - head->threshold), head->d_kept,
                          n * inner);
        memset(d.into_bias, 0, (size_t)inner * sizeof(REAL));
        NAME(column_sums)(head->d_kept, d.into_bias, n, inner);
        NAME(multiply)(head->gemm, head->d_kept, 1, head->x, 0, d.into, inner, n, w, 0);
        /* through the skip connection d_residual, where it already is, and through the two layers */
        NAME(multiply)(head->gemm, head->d_kept, 0, p.into, 0, head->d_x, n, inner, w, 1);
    }
}

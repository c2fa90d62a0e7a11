/* Clipping and Adam in one pass, for one kind of real number. Included like encoder_kernels.h. */

/* Adam (Kingma and Ba, ICLR 2015, Algorithm 1) on gradients clipped to [-limit, limit], for num tensors.
 * tensors: (6, num), the addresses of values, gradients, first and second moments (REAL) and numbers of steps (float),
 * and the sizes. The gradients are left as they are. */
CLONES void NAME(adam)(const int64_t *restrict tensors, int64_t num, double rate, double beta_1, double beta_2,
                       double eps, double weight_decay, double limit) {
    const REAL most = (REAL)limit, decay = (REAL)weight_decay, epsilon = (REAL)eps;
    const REAL keep_2 = (REAL)beta_2, add_1 = (REAL)(1 - beta_1), add_2 = (REAL)(1 - beta_2);
    for (int64_t t = 0; t < num; t++) {
        REAL *restrict value = (REAL *)tensors[t];
        const REAL *restrict gradient = (const REAL *)tensors[num + t];
        REAL *restrict first = (REAL *)tensors[2 * num + t], *restrict second = (REAL *)tensors[3 * num + t];
        float *steps = (float *)tensors[4 * num + t];
        const int64_t size = tensors[5 * num + t];
        const double done = *steps += 1;
        const REAL step = (REAL)(rate / (1 - pow(beta_1, done)));
        const REAL root = (REAL)(1 / sqrt(1 - pow(beta_2, done)));
        for (int64_t i = 0; i < size; i++) {
            REAL g = gradient[i];
            g = g > most ? most : g;
            g = g < -most ? -most : g;
            g += decay * value[i];
            const REAL m = first[i] + add_1 * (g - first[i]), v = keep_2 * second[i] + add_2 * g * g;
            first[i] = m;
            second[i] = v;
            value[i] -= step * m / (REAL_SQRT(v) * root + epsilon);
        }
    }
}

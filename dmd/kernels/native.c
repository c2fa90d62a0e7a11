/* Passes between the matrix products of an encoder layer, and the optimiser's, compiled where a C compiler is at hand
 * when the package is installed. The same is computed from torch operations wherever this library is missing, and on
 * accelerators. */

#include <math.h>
#include <stdint.h>
#include <string.h>

/* Counts what native.py has to know: functions, their arguments, the meaning of both. The same number stands there. */
int64_t native_version(void) { return 13; }

_Static_assert(sizeof(void *) == 8, "addresses and whole numbers lie side by side in tables of 8 bytes each");

#define PADDED(steps) (((steps) + LANES - 1) / LANES * LANES)
#define HIDDEN (-1e9f)
/* Below every score of a key that may be seen: a query whose largest is no more than this sees none. */
#define BLIND (-1e8f)
/* Queries up to which vectors of 8 numbers are faster, because most lanes of longer ones would be idle. */
#define SHORT 8
/* Rows up to which the hidden layer of a feed-forward is kept for the backward pass rather than computed anew. */
#define MOST_ROWS_KEPT 4096
#define NORM_EPSILON 1e-5
#define LOAD(from) (*(const VEC *)(from))
#define STORE(to, x) (*(VEC *)(to) = (x))
#define SELECT(mask, yes, no) ((VEC)(((BITS)(yes) & (mask)) | ((BITS)(no) & ~(mask))))

#define EACH_OF_8(f, x) f(0, x), f(1, x), f(2, x), f(3, x), f(4, x), f(5, x), f(6, x), f(7, x)
#define EACH_OF_16(f, x)                                                                                               \
    EACH_OF_8(f, x), f(8, x), f(9, x), f(10, x), f(11, x), f(12, x), f(13, x), f(14, x), f(15, x)
#define ITSELF(lane, x) (lane)
/* Of a row and the one ``half`` below, which lane of the first, or LANES + lane of the second, goes where. */
#define UPPER(lane, half) ((lane) & (half) ? LANES + (lane) - (half) : (lane))
#define LOWER(lane, half) ((lane) & (half) ? LANES + (lane) : (lane) + (half))
#define SWAP_BLOCKS(rows, half)                                                                                        \
    _Pragma("GCC unroll 16") for (int r = 0; r < LANES; r++) if (!(r & (half))) {                                      \
        const VEC a = rows[r], b = rows[r + (half)];                                                                   \
        rows[r] = __builtin_shuffle(a, b, (BITS){EACH_LANE(UPPER, half)});                                             \
        rows[r + (half)] = __builtin_shuffle(a, b, (BITS){EACH_LANE(LOWER, half)});                                    \
    }

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 12
#define CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#define HAS_WIDE_VECTORS
#else
#define CLONES
#endif

#ifdef HAS_WIDE_VECTORS
/* Whether this processor has the vectors that attention on float32 comes for twice. */
static int has_wide_vectors(void) {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl");
}
#endif

/* The random bytes of dmd/dropout.py, ``start`` to ``start + count`` of the stream ``key``; a few more may be written.
 * table: the words that every stream starts from. The bytes begin at to[0]. */
static inline __attribute__((always_inline)) void draw(uint8_t *restrict to, const int32_t *restrict table, uint64_t key,
                                                       int64_t start, int64_t count) {
    const int64_t segment_bytes = (int64_t)1 << 22;
    while (count > 0) {
        const int64_t segment = start / segment_bytes, offset = start % segment_bytes;
        const int64_t length = count < segment_bytes - offset ? count : segment_bytes - offset;
        const uint64_t own = key + (uint64_t)segment;
        const uint32_t low = (uint32_t)own, high = (uint32_t)(own >> 32);
        const int64_t first = offset / 4, words = (offset + length + 3) / 4 - first;
        uint32_t *restrict out = (uint32_t *)to;
        const int64_t skipped = offset - 4 * first;
        for (int64_t i = 0; i < words; i++) {
            uint32_t x = (uint32_t)table[first + i] ^ low;
            x = x * 0x21F0AAADu + high;
            x ^= x >> 15;
            x *= 0xD35A2D97u;
            x ^= x >> 15;
            memcpy(out + i, &x, 4);
        }
        if (skipped) memmove(to, to + skipped, (size_t)length);
        to += length;
        start += length;
        count -= length;
    }
}

/* Attention comes for vectors of 8 numbers and, where the processor has them, of 16: the longer ones are faster unless
 * most of their lanes lie beyond the end of a short sequence. */
#define REAL float
#define WHOLE int32_t
#define REAL_SQRT sqrtf
#define BASE(x) x##_float32
#define NAME BASE
#define EXP_FLOAT
#ifdef HAS_WIDE_VECTORS
#define MULTIPLY_BY_PANELS multiply_by_panels_float32_16
#endif
#include "product_kernels.h"
#include "encoder_kernels.h"
#include "head_kernels.h"
#include "decoupling_kernels.h"
#include "cell_kernels.h"
#include "layer_table.h"
#include "optimiser_kernels.h"
#undef NAME

#define NAME(x) x##_float32_8
#define LANES 8
#define EACH_LANE EACH_OF_8
#include "attention_kernels.h"
#include "layer_kernels.h"
#undef LANES
#undef EACH_LANE
#undef NAME

#ifdef HAS_WIDE_VECTORS
#undef CLONES
#define CLONES __attribute__((target("arch=x86-64-v4")))
#define NAME(x) x##_float32_16
#define LANES 16
#define EACH_LANE EACH_OF_16
#include "attention_kernels.h"
#include "panel_kernels.h"
#include "layer_kernels.h"
#undef LANES
#undef EACH_LANE
#undef NAME
#define LAYER(x, l) (BASE(steps_q)(l) > SHORT && has_wide_vectors() ? x##_float32_16 : x##_float32_8)
#else
#define LAYER(x, l) x##_float32_8
#endif
#include "stack_kernels.h"

#undef LAYER
#undef REAL
#undef BASE
#undef WHOLE
#undef REAL_SQRT
#undef EXP_FLOAT
#undef MULTIPLY_BY_PANELS

/* float64 is for checking the arithmetic: it needs no speed */
#undef CLONES
#define CLONES
#define REAL double
#define WHOLE int64_t
#define REAL_SQRT sqrt
#define BASE(x) x##_float64
#define NAME BASE
#include "product_kernels.h"
#include "encoder_kernels.h"
#include "head_kernels.h"
#include "decoupling_kernels.h"
#include "cell_kernels.h"
#include "layer_table.h"
#include "optimiser_kernels.h"
#undef NAME
#define NAME(x) x##_float64_8
#define LANES 8
#define EACH_LANE EACH_OF_8
#include "attention_kernels.h"
#include "layer_kernels.h"
#define LAYER(x, l) x##_float64_8
#include "stack_kernels.h"

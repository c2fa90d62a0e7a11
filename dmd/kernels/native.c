/* Passes between the matrix products of an encoder layer, compiled where a C compiler is at hand when the package is
 * installed. dmd/layers computes the same from torch operations wherever this library is missing, and on accelerators. */

#include <math.h>
#include <stdint.h>
#include <string.h>

#define LANES 16
#define PADDED(steps) (((steps) + LANES - 1) / LANES * LANES)
#define HIDDEN (-1e9f)
#define LOAD(from) (*(const VEC *)(from))
#define STORE(to, x) (*(VEC *)(to) = (x))
#define SELECT(mask, yes, no) ((VEC)(((BITS)(yes) & (mask)) | ((BITS)(no) & ~(mask))))

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 12
#define CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CLONES
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

#define REAL float
#define WHOLE int32_t
#define REAL_LOG logf
#define NAME(x) x##_float32
#define VEC vec_float32
#define BITS bits_float32
#define EXP_FLOAT
#include "encoder_kernels.h"
#undef REAL
#undef WHOLE
#undef REAL_LOG
#undef NAME
#undef VEC
#undef BITS
#undef EXP_FLOAT

/* float64 is for checking the derivatives: it needs no speed */
#undef CLONES
#define CLONES
#define REAL double
#define WHOLE int64_t
#define REAL_LOG log
#define NAME(x) x##_float64
#define VEC vec_float64
#define BITS bits_float64
#include "encoder_kernels.h"

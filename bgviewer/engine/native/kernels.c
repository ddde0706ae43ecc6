/* Inner loops of the engine.  SPDX-License-Identifier: GPL-3.0-or-later

   Each function here does what a NumPy passage in bgviewer/engine does (the headings name the
   module), in one reading of the pixels.  The file is compiled plainly and for AVX2; both give the
   same bits: sums run in a fixed number of lanes and products are never fused with sums.

   Pixels are float32, sums float64.  A plane is a pointer to its first pixel and the distance of
   its rows in bytes; within a row pixels follow each other.  No function allocates or waits, and
   none keeps anything: they may run on any number of threads. */

#include <math.h>
#include <stdint.h>
#include <string.h>
#ifdef __AVX2__
#include <immintrin.h>
#endif

#ifdef BGV_AVX2
#define BGV(name) bgv_avx2_##name
#else
#define BGV(name) bgv_plain_##name
#endif
#ifdef _WIN32
#define EXPORT __declspec(dllexport)
#else
#define EXPORT __attribute__((visibility("default")))
#endif

typedef float f8 __attribute__((vector_size(32)));
typedef int32_t i8 __attribute__((vector_size(32)));
typedef double d4 __attribute__((vector_size(32)));
typedef int64_t l4 __attribute__((vector_size(32)));
typedef float f4 __attribute__((vector_size(16)));
typedef int32_t i4 __attribute__((vector_size(16)));

#define CHUNK 1024 /* pixels looked at together: all scratch of a chunk stays in the L1 cache */

typedef struct {
    const char *data;
    int64_t stride; /* bytes from row to row */
} plane;

typedef struct {
    const char *data; /* NULL: nothing is flagged */
    int64_t stride;
    int64_t itemsize; /* 1, 2, 4 or 8 */
    uint64_t bits;    /* flagged are pixels with any of these */
} flags;

/* ---- small helpers ------------------------------------------------------------------------ */

static inline f8 load8(const float *p)
{
    f8 x;
    memcpy(&x, p, 32);
    return x;
}

static inline d4 load4(const double *p)
{
    d4 x;
    memcpy(&x, p, 32);
    return x;
}

/* Four numbers rounded to float32. */
static inline void store4(float *p, d4 x)
{
#ifdef __AVX2__
    _mm_storeu_ps(p, _mm256_cvtpd_ps((__m256d)x));
#else
    for (int i = 0; i < 4; i++)
        p[i] = (float)x[i];
#endif
}

static inline f8 load_some(const float *p, int64_t count)
{
    float x[8] = {NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN};
    memcpy(x, p, (size_t)count * 4);
    return load8(x);
}

static inline f8 splat(float x) { return (f8){x, x, x, x, x, x, x, x}; }
static inline d4 splatd(double x) { return (d4){x, x, x, x}; }

static inline f8 only(f8 x, i8 where) { return (f8)((i8)x & where); }

static inline f8 nan_unless(f8 x, i8 good) { return (f8)((i8)x | (~good & 0x7fc00000)); }

static inline i8 is_number(f8 x)
{
    f8 zero = x - x; /* NaN for NaN and for infinity */
    return zero == zero;
}

/* The first and the last four lanes as float64. */
#ifdef __AVX2__
static inline d4 low(f8 x) { return (d4)_mm256_cvtps_pd(_mm256_castps256_ps128((__m256)x)); }
static inline d4 high(f8 x) { return (d4)_mm256_cvtps_pd(_mm256_extractf128_ps((__m256)x, 1)); }
#else
static inline d4 low(f8 x) { return (d4){x[0], x[1], x[2], x[3]}; }
static inline d4 high(f8 x) { return (d4){x[4], x[5], x[6], x[7]}; }
#endif

static inline f8 choose(i8 where, f8 x, f8 otherwise)
{
    return (f8)(((i8)x & where) | ((i8)otherwise & ~where));
}

static inline double total(d4 x) { return (x[0] + x[1]) + (x[2] + x[3]); }

static inline int64_t count(i8 set) /* set lanes hold -1 */
{
#ifdef __AVX2__
    return __builtin_popcount((unsigned)_mm256_movemask_ps((__m256)set));
#else
    int64_t n = 0;
    for (int i = 0; i < 8; i++)
        n -= set[i];
    return n;
#endif
}

#ifdef __AVX2__
/* For every set of lanes the order that brings them to the front, a byte a lane. */
#define LANE(m, l) ((uint64_t)((m) >> (l)&1) * (l) << 8 * AHEAD(m, l))
#define AHEAD(m, l) (__builtin_popcount((m) & ((1u << (l)) - 1)))
#define ORDER(m)                                                                                   \
    (LANE(m, 0) | LANE(m, 1) | LANE(m, 2) | LANE(m, 3) | LANE(m, 4) | LANE(m, 5) | LANE(m, 6) |     \
     LANE(m, 7))
#define FOUR(m) ORDER(m), ORDER(m + 1), ORDER(m + 2), ORDER(m + 3)
#define SIXTEEN(m) FOUR(m), FOUR(m + 4), FOUR(m + 8), FOUR(m + 12)
#define SIXTY_FOUR(m) SIXTEEN(m), SIXTEEN(m + 16), SIXTEEN(m + 32), SIXTEEN(m + 48)
static const uint64_t to_front[256] = {SIXTY_FOUR(0u), SIXTY_FOUR(64u), SIXTY_FOUR(128u),
                                       SIXTY_FOUR(192u)};
#endif

/* Append the kept lanes to `out`, which has room for eight; return how many. */
static inline int64_t append(float *out, f8 x, i8 keep)
{
#ifdef __AVX2__
    unsigned lanes = (unsigned)_mm256_movemask_ps((__m256)keep);
    __m256i order = _mm256_cvtepu8_epi32(_mm_cvtsi64_si128((long long)to_front[lanes]));
    _mm256_storeu_ps(out, _mm256_permutevar8x32_ps((__m256)x, order));
    return __builtin_popcount(lanes);
#else
    int64_t n = 0;
    for (int i = 0; i < 8; i++) {
        out[n] = x[i];
        n -= keep[i];
    }
    return n;
#endif
}

/* ---- masks -------------------------------------------------------------------------------- */

#define MARK(type)                                                                                 \
    do {                                                                                           \
        const type *p = (const type *)row + first, b = (type)m->bits;                              \
        for (int64_t i = 0; i < n; i++)                                                            \
            out[i] |= -(int32_t)((p[i] & b) != 0);                                                 \
    } while (0)

/* Set out[i] to -1 where pixel first + i of a row is flagged. */
static inline void mark(const flags *m, int64_t row_number, int64_t first, int64_t n, int32_t *out)
{
    if (!m->data)
        return;
    const char *row = m->data + row_number * m->stride;
    switch (m->itemsize) {
    case 1: MARK(uint8_t); break;
    case 2: MARK(uint16_t); break;
    case 4: MARK(uint32_t); break;
    default: MARK(uint64_t);
    }
}

static inline const float *row_of(const plane *p, int64_t row)
{
    return (const float *)(p->data + row * p->stride);
}

/* ---- difference, and a look at the variances (difference.py, onepass.py) ------------------- */

typedef struct {
    float centre;      /* deviations are from here */
    float core[2];     /* values from..to are surely never clipped */
    float brackets[6]; /* from, to around each quartile */
} plan;

typedef struct {
    int64_t good;     /* pixels of the difference */
    int64_t n;        /* good values of the summed variances */
    int64_t below[3]; /* values below each bracket */
    int64_t n_inside, n_tails;
    double s1, s2; /* sum and sum of squares of the deviations of the core */
} tally;

typedef struct {
    d4 s1[2], s2[2];
} lanes;

/* Add deviations from a float32 centre; what is not good becomes the centre, so adds nothing. */
static inline void add_lanes(lanes *a, f8 x, i8 good, float centre)
{
    x = choose(good, x, splat(centre));
    d4 c = splatd(centre), dl = low(x) - c, dh = high(x) - c;
    a->s1[0] += dl;
    a->s1[1] += dh;
    a->s2[0] += dl * dl;
    a->s2[1] += dh * dh;
}

/* Values of a chunk (NaN where not good): count, sum the core, collect what needs a closer look. */
static void look(const float *v, int64_t n, const plan *p, tally *t, float *inside, float *tails)
{
    lanes sums = {0};
    f8 from = splat(p->core[0]), to = splat(p->core[1]);
    for (int64_t i = 0; i < n; i += 8) {
        f8 x = load8(v + i);
        i8 near = {0}, good = x == x, core = (x >= from) & (x <= to);
        for (int k = 0; k < 3; k++) {
            i8 under = x < splat(p->brackets[2 * k]);
            t->below[k] += count(under);
            near |= ~under & (x <= splat(p->brackets[2 * k + 1]));
        }
        t->n += count(good);
        t->n_inside += append(inside + t->n_inside, x, near);
        t->n_tails += append(tails + t->n_tails, x, good & ~core);
        add_lanes(&sums, x, core, p->centre);
    }
    t->s1 += total(sums.s1[0] + sums.s1[1]);
    t->s2 += total(sums.s2[0] + sums.s2[1]);
}

/* first - second into `out`, NaN where flagged or not finite.  With a plan the sum of the variance
   planes is looked at as well, or alone when `first` has no data; `room` is what `inside` and
   `tails` hold.  Returns 0, or 1 when that was too little. */
EXPORT int BGV(difference)(int64_t rows, int64_t columns, const plane *first, const plane *second,
                           const flags *first_mask, const flags *second_mask,
                           const plane *first_variance, const plane *second_variance,
                           const plane *out, const plan *p, tally *t, float *inside, float *tails,
                           int64_t room)
{
    int32_t bad[CHUNK];
    float sum[CHUNK + 8];
    for (int64_t y = 0; y < rows; y++) {
        const float *a = row_of(first, y), *b = row_of(second, y);
        float *o = (float *)row_of(out, y);
        for (int64_t x0 = 0; x0 < columns; x0 += CHUNK) {
            int64_t n = columns - x0 < CHUNK ? columns - x0 : CHUNK;
            memset(bad, 0, sizeof bad);
            mark(first_mask, y, x0, n, bad);
            mark(second_mask, y, x0, n, bad);
            i8 some = {0};
            for (int64_t i = 0; first->data && i < n; i += 8) {
                int64_t m = n - i < 8 ? n - i : 8;
                i8 flagged;
                memcpy(&flagged, bad + i, 32);
                f8 d = m == 8 ? load8(a + x0 + i) - load8(b + x0 + i)
                              : load_some(a + x0 + i, m) - load_some(b + x0 + i, m);
                i8 good = is_number(d) & ~flagged;
                some -= good;
                d = nan_unless(d, good);
                memcpy(o + x0 + i, &d, (size_t)m * 4);
            }
            for (int i = 0; i < 8; i++)
                t->good += some[i];
            if (!p)
                continue;
            if (t->n_inside + n + 8 > room || t->n_tails + n + 8 > room)
                return 1;
            const float *va = row_of(first_variance, y) + x0, *vb = row_of(second_variance, y) + x0;
            for (int64_t i = 0; i < n; i += 8) {
                int64_t m = n - i < 8 ? n - i : 8;
                i8 flagged;
                memcpy(&flagged, bad + i, 32);
                f8 v = m == 8 ? load8(va + i) + load8(vb + i)
                              : load_some(va + i, m) + load_some(vb + i, m);
                v = nan_unless(v, is_number(v) & ~flagged);
                memcpy(sum + i, &v, 32);
            }
            look(sum, n, p, t, inside, tails);
        }
    }
    return 0;
}

/* ---- count, mean and scatter of blocks (blocks.py) ---------------------------------------- */

typedef struct {
    lanes sums;
    i8 n;
    float pivot; /* a value of the block: deviations from it lose no digits */
    int32_t has;
} block;

static inline void add_to_block(block *b, f8 x, i8 good)
{
    if (!b->has) {
        for (int i = 0; i < 8 && !b->has; i++)
            if (good[i]) {
                b->pivot = x[i];
                b->has = 1;
            }
        if (!b->has)
            return;
    }
    b->n -= good;
    add_lanes(&b->sums, x, good, b->pivot);
}

/* One row of blocks: `edges` along x, `rows` pixel rows of `image`.  `work` holds n_blocks blocks,
   32 bytes aligned; `bad` as many ints as the blocks are wide, and eight more. */
EXPORT void BGV(moments)(int64_t rows, const plane *image, const flags *mask, int64_t n_blocks,
                         const int64_t *edges, block *work, int32_t *bad, int64_t *n, double *mean,
                         double *m2)
{
    int64_t x0 = edges[0], width = edges[n_blocks] - x0;
    memset(work, 0, (size_t)n_blocks * sizeof *work);
    for (int64_t y = 0; y < rows; y++) {
        const float *v = row_of(image, y);
        memset(bad, 0, (size_t)(width + 8) * 4);
        mark(mask, y, x0, width, bad);
        for (int64_t k = 0; k < n_blocks; k++) {
            block *b = work + k;
            for (int64_t i = edges[k]; i < edges[k + 1]; i += 8) {
                int64_t m = edges[k + 1] - i < 8 ? edges[k + 1] - i : 8;
                f8 x = m == 8 ? load8(v + i) : load_some(v + i, m);
                i8 flagged;
                memcpy(&flagged, bad + i - x0, 32);
                add_to_block(b, x, is_number(x) & ~flagged);
            }
        }
    }
    for (int64_t k = 0; k < n_blocks; k++) {
        const block *b = work + k;
        double s1 = total(b->sums.s1[0] + b->sums.s1[1]), s2 = total(b->sums.s2[0] + b->sums.s2[1]);
        int64_t c = 0;
        for (int i = 0; i < 8; i++)
            c += b->n[i];
        double shift = c ? s1 / (double)c : 0.0, left = s2 - s1 * shift;
        n[k] = c;
        mean[k] = c ? b->pivot + shift : NAN;
        m2[k] = c && left > 0 ? left : 0.0;
    }
}

EXPORT int64_t BGV(block_size)(void) { return (int64_t)sizeof(block); }

/* ---- medians and clipped means of blocks (ordered.py) -------------------------------------- */

/* Floats in the order of their keys; the key of a key is the bits again. */
static inline int32_t key(float x)
{
    int32_t k;
    memcpy(&k, &x, 4);
    return k ^ ((k >> 31) & 0x7fffffff);
}

static inline float value(int32_t k)
{
    float x;
    k ^= (k >> 31) & 0x7fffffff;
    memcpy(&x, &k, 4);
    return x;
}

/* How many of v[0..n) are at most x; v is padded with NaN to a multiple of eight. */
static inline int64_t at_most(const float *v, int64_t n, float x)
{
    i8 some = {0};
    f8 limit = splat(x);
    for (int64_t i = 0; i < n; i += 8)
        some -= load8(v + i) <= limit;
    int64_t c = 0;
    for (int i = 0; i < 8; i++)
        c += some[i];
    return c;
}

static inline void pad(float *v, int64_t n)
{
    for (int i = 0; i < 8; i++)
        v[n + i] = NAN;
}

/* The k-th smallest of few values, which lies in from..to: halving the range of keys. */
static float kth(const float *v, int64_t n, int64_t k, float from, float to)
{
    int64_t a = key(from), b = key(to);
    while (a < b) {
        int64_t middle = a + ((b - a) >> 1);
        if (at_most(v, n, value((int32_t)middle)) > k)
            b = middle;
        else
            a = middle + 1;
    }
    return value((int32_t)a);
}

/* The smallest value above x, +infinity if there is none. */
static float above(const float *v, int64_t n, float x)
{
    f8 best = splat(INFINITY), limit = splat(x);
    for (int64_t i = 0; i < n; i += 8) {
        f8 y = load8(v + i);
        i8 take = (y > limit) & (y < best);
        best = choose(take, y, best);
    }
    float least = best[0];
    for (int i = 1; i < 8; i++)
        least = best[i] < least ? best[i] : least;
    return least;
}

#define FEW 1024   /* values among which halving is quickest */
#define SAMPLE 512 /* values that tell where to look among more */
#define REACH 3.0  /* standard deviations of the sample's rank */

/* Narrow down where the k-th smallest is: collect a bracket of v[0..n) in `out`, which holds
   n / 2 + 16.  Returns how many, or 0 when the sample misled or the values repeat too much. */
static int64_t bracket(const float *v, int64_t n, int64_t k, float *from, float *to,
                       int64_t *below, float *out)
{
    float few[SAMPLE + 8];
    int64_t m = n < 16 * SAMPLE ? SAMPLE / 2 : SAMPLE;
    for (int64_t i = 0; i < m; i++)
        few[i] = v[(2 * i + 1) * n / (2 * m)];
    pad(few, m);
    double f = (double)k / (double)n, at = f * (double)(m - 1),
           reach = REACH * sqrt(f * (1 - f) * (double)m) + 1.5;
    int64_t first = (int64_t)floor(at - reach), last = (int64_t)ceil(at + reach);
    float lo = first < 0 ? *from : kth(few, m, first, *from, *to);
    float hi = last >= m ? *to : kth(few, m, last, lo, *to);
    int64_t under = 0, inside = 0, most = n / 2;
    f8 l = splat(lo), h = splat(hi);
    for (int64_t i = 0; i < n && inside <= most; i += 8) {
        f8 x = load8(v + i);
        i8 less = x < l;
        under += count(less);
        inside += append(out + inside, x, ~less & (x <= h));
    }
    if (inside > most || k < under || k + 1 >= under + inside)
        return 0;
    pad(out, inside);
    *from = lo;
    *to = hi;
    *below = under;
    return inside;
}

/* The k-th smallest of v[0..n) and the one after it (itself at the end); all of v lies in
   from..to, and is padded with NaN.  `spare` holds n + 256 values. */
static void neighbours(const float *v, int64_t n, int64_t k, float from, float to, float *spare,
                       double *result)
{
    while (n > FEW) {
        int64_t below = 0, inside = bracket(v, n, k, &from, &to, &below, spare);
        if (!inside)
            break;
        v = spare;
        spare += inside + 8;
        n = inside;
        k -= below;
    }
    float a = kth(v, n, k, from, to);
    result[0] = a;
    result[1] = k + 1 >= n || at_most(v, n, a) > k + 1 ? a : above(v, n, a);
}

static double quantile(const float *v, int64_t n, double fraction, float from, float to,
                       float *spare)
{
    double position = fraction * (double)(n - 1), two[2];
    int64_t k = (int64_t)position;
    double part = position - (double)k;
    neighbours(v, n, k, from, to, spare, two);
    return part == 0 ? two[0] : two[0] + part * (two[1] - two[0]);
}

/* Count, sum and sum of squares of d = v - centre over |d| <= width. */
static int64_t kept(const float *v, int64_t n, double centre, double width, double *s1, double *s2)
{
    lanes sums = {0};
    d4 c = splatd(centre), most = splatd(width), least = splatd(-width);
    l4 some = {0};
    for (int64_t i = 0; i < n; i += 8) {
        f8 x = load8(v + i);
        d4 a = low(x) - c, b = high(x) - c;
        l4 ka = (a <= most) & (a >= least), kb = (b <= most) & (b >= least);
        a = (d4)((l4)a & ka);
        b = (d4)((l4)b & kb);
        some -= ka;
        some -= kb;
        sums.s1[0] += a;
        sums.s1[1] += b;
        sums.s2[0] += a * a;
        sums.s2[1] += b * b;
    }
    *s1 = total(sums.s1[0] + sums.s1[1]);
    *s2 = total(sums.s2[0] + sums.s2[1]);
    return (some[0] + some[1]) + (some[2] + some[3]);
}

#define IQR_TO_SIGMA 0.741301109252802

/* MEANCLIP (SPEC section 2): result is mean, variance, pixels kept. */
static void clip(const float *v, int64_t n, double median, double iqr, double sigmas, int64_t times,
                 double *result)
{
    double mean = median, variance = NAN;
    int64_t m = 0;
    for (int64_t i = 0; i < times; i++) {
        double width = i == 0 || n == 1 ? sigmas * IQR_TO_SIGMA * iqr
                                        : sigmas * sqrt(variance < 0 ? 0.0 : variance);
        if (isnan(mean) || isnan(width)) {
            mean = variance = NAN;
            m = 0;
            break;
        }
        double s1, s2;
        m = kept(v, n, mean, width, &s1, &s2);
        if (m == 0) {
            mean = variance = NAN;
            break;
        }
        double shift = s1 / (double)m;
        mean += shift;
        variance = m < 2 ? NAN : (s2 / (double)m - shift * shift) * ((double)m / (double)(m - 1));
    }
    result[0] = mean;
    result[1] = variance;
    result[2] = (double)m;
}

/* One row of blocks of an image with NaN where pixels are not good: median (times 0) or clipped
   mean of each, as value, variance, kept.  `work` holds twice the pixels of the largest block and
   512 more. */
EXPORT void BGV(ordered)(int64_t rows, const plane *image, int64_t n_blocks, const int64_t *edges,
                         double sigmas, int64_t times, float *work, double *value, double *variance,
                         int64_t *n_kept)
{
    for (int64_t k = 0; k < n_blocks; k++) {
        int64_t n = 0;
        f8 least = splat(INFINITY), most = splat(-INFINITY);
        for (int64_t y = 0; y < rows; y++) {
            const float *v = row_of(image, y);
            for (int64_t i = edges[k]; i < edges[k + 1]; i += 8) {
                int64_t m = edges[k + 1] - i < 8 ? edges[k + 1] - i : 8;
                f8 x = m == 8 ? load8(v + i) : load_some(v + i, m);
                i8 less = x < least, more = x > most;
                least = choose(less, x, least);
                most = choose(more, x, most);
                n += append(work + n, x, x == x);
            }
        }
        value[k] = variance[k] = NAN;
        n_kept[k] = 0;
        if (n == 0)
            continue;
        pad(work, n);
        float from = least[0], to = most[0], *spare = work + n + 8;
        for (int i = 1; i < 8; i++) {
            from = least[i] < from ? least[i] : from;
            to = most[i] > to ? most[i] : to;
        }
        value[k] = quantile(work, n, 0.5, from, to, spare);
        if (times <= 0)
            continue;
        double q1 = quantile(work, n, 0.25, from, to, spare),
               q3 = quantile(work, n, 0.75, from, to, spare), result[3];
        clip(work, n, value[k], q3 - q1, sigmas, times, result);
        value[k] = result[0];
        variance[k] = result[1];
        n_kept[k] = (int64_t)result[2];
    }
}

/* ---- model to pixels, and what is left (curves.py, matching.py) ---------------------------- */

/* Piece j of a row's cubics covers columns cuts[j] <= i < cuts[j + 1]; its value there is
   c0 + t (c1 + t (c2 + t c3)) with t[i] counted from the piece's origin. */
static inline void cubic_row(int64_t pieces, const double *c, const int64_t *cuts, const double *t,
                             float *out)
{
    for (int64_t j = 0; j < pieces; j++, c += 4)
        for (int64_t i = cuts[j]; i < cuts[j + 1]; i++)
            out[i] = (float)(c[0] + t[i] * (c[1] + t[i] * (c[2] + t[i] * c[3])));
}

/* Rows from the coefficients of all pieces [rows][pieces][4]. */
EXPORT void BGV(cubics)(int64_t rows, int64_t pieces, const double *coefficients,
                        const int64_t *cuts, const double *t, const plane *out)
{
    for (int64_t y = 0; y < rows; y++)
        cubic_row(pieces, coefficients + y * pieces * 4, cuts, t, (float *)row_of(out, y));
}

/* Coefficients of Akima's curve through n >= 5 nodes: n + 1 pieces, the outer two continue the
   parabolas of the ends.  h: widths of the segments; m: room for n + 3 slopes. */
static void akima(int64_t n, const double *h, const double *v, double *m, double *c)
{
    double *inner = m + 2;
    for (int64_t i = 0; i < n - 1; i++)
        inner[i] = (v[i + 1] - v[i]) / h[i];
    m[1] = 2.0 * inner[0] - inner[1];
    m[0] = 3.0 * inner[0] - 2.0 * inner[1];
    inner[n - 1] = 2.0 * inner[n - 2] - inner[n - 3];
    inner[n] = 3.0 * inner[n - 2] - 2.0 * inner[n - 3];
    double start = 0, end = 0;
    int start_flat = 0, end_flat = 0;
    for (int64_t i = 0; i < n; i++) {
        /* slopes around node i: m[i] m[i + 1] | m[i + 2] m[i + 3] */
        double right = fabs(m[i + 3] - m[i + 2]), left = fabs(m[i + 1] - m[i]), both = left + right;
        double alpha = both == 0 ? 0.0 : left / both;
        end_flat = both == 0;
        end = (1.0 - alpha) * m[i + 1] + alpha * m[i + 2];
        if (i > 0) {
            double slope = inner[i - 1], width = h[i - 1], *p = c + 4 * i;
            double b = start_flat ? slope : start, e = end_flat ? slope : end;
            p[0] = v[i - 1];
            p[1] = b;
            p[2] = start_flat ? 0.0 : (3.0 * slope - 2.0 * b - e) / width;
            p[3] = start_flat ? 0.0 : (b + e - 2.0 * slope) / (width * width);
        }
        start = end;
        start_flat = end_flat;
    }
    const double *last = c + 4 * (n - 1);
    double *after = c + 4 * n, width = h[n - 2];
    after[0] = v[n - 1];
    after[1] = last[1] + width * (2.0 * last[2] + 3.0 * last[3] * width);
    after[2] = last[2] + 3.0 * last[3] * width;
    after[3] = 0.0;
    c[0] = v[0];
    c[1] = c[5];
    c[2] = c[6];
    c[3] = 0.0;
}

/* Rows of Akima curves through values[rows][n]; `work` holds 5 n + 8 numbers. */
EXPORT void BGV(akima_rows)(int64_t rows, int64_t n, const double *h, const double *values,
                            const int64_t *cuts, const double *t, double *work, const plane *out)
{
    for (int64_t y = 0; y < rows; y++) {
        akima(n, h, values + y * n, work, work + n + 3);
        cubic_row(n + 1, work + n + 3, cuts, t, (float *)row_of(out, y));
    }
}

/* left[rows][depth] times right[depth][columns], rounded to float32: pieces of columns whose part
   of `right` stays in the L1 cache, for all rows. */
EXPORT void BGV(products)(int64_t rows, int64_t depth, int64_t columns, const double *left,
                          const double *right, const plane *out)
{
    for (int64_t x0 = 0; x0 < columns; x0 += 256) {
        int64_t n = columns - x0 < 256 ? columns - x0 : 256;
        for (int64_t y = 0; y < rows; y++) {
            const double *l = left + y * depth;
            float *o = (float *)row_of(out, y) + x0;
            int64_t i = 0;
            for (; i + 16 <= n; i += 16) {
                d4 s0 = {0}, s1 = {0}, s2 = {0}, s3 = {0};
                const double *r = right + x0 + i;
                for (int64_t k = 0; k < depth; k++, r += columns) {
                    d4 c = splatd(l[k]);
                    s0 += c * load4(r);
                    s1 += c * load4(r + 4);
                    s2 += c * load4(r + 8);
                    s3 += c * load4(r + 12);
                }
                store4(o + i, s0);
                store4(o + i + 4, s1);
                store4(o + i + 8, s2);
                store4(o + i + 12, s3);
            }
            for (; i < n; i++) {
                double s = 0;
                for (int64_t k = 0; k < depth; k++)
                    s += l[k] * right[k * columns + x0 + i];
                o[i] = (float)s;
            }
        }
    }
}

/* science + background into `matched` (if it has data), and over finite difference - background
   their number and the sum of their squares. */
EXPORT int64_t BGV(finish)(int64_t rows, int64_t columns, const plane *science,
                           const plane *difference, const plane *background, const plane *matched,
                           double *squares)
{
    int64_t n = 0;
    double sum = 0;
    for (int64_t y = 0; y < rows; y++) {
        const float *s = row_of(science, y), *d = row_of(difference, y), *g = row_of(background, y);
        float *o = matched->data ? (float *)row_of(matched, y) : NULL;
        d4 a = {0}, b = {0};
        i8 some = {0};
        for (int64_t i = 0; i < columns; i += 8) {
            int64_t m = columns - i < 8 ? columns - i : 8;
            f8 model = m == 8 ? load8(g + i) : load_some(g + i, m);
            f8 left = (m == 8 ? load8(d + i) : load_some(d + i, m)) - model;
            i8 good = is_number(left);
            left = only(left, good);
            some -= good;
            a += low(left) * low(left);
            b += high(left) * high(left);
            if (o) {
                f8 sky = (m == 8 ? load8(s + i) : load_some(s + i, m)) + model;
                memcpy(o + i, &sky, (size_t)m * 4);
            }
        }
        for (int i = 0; i < 8; i++)
            n += some[i];
        sum += total(a + b);
    }
    *squares = sum;
    return n;
}

/* ---- pictures (tasks/picture.py) ----------------------------------------------------------- */

/* Means of the finite values of one row of blocks of step x step pixels; NaN where there are
   none.  `sums` and `counts` hold as many numbers as the image is wide. */
EXPORT void BGV(block_mean)(int64_t rows, int64_t columns, int64_t step, const plane *image,
                            float *sums, int32_t *counts, float *out)
{
    memset(sums, 0, (size_t)columns * 4);
    memset(counts, 0, (size_t)columns * 4);
    for (int64_t y = 0; y < rows; y++) {
        const float *v = row_of(image, y);
        for (int64_t i = 0; i < columns; i++) {
            float zero = v[i] - v[i];
            int good = zero == zero;
            sums[i] += good ? v[i] : 0.0f;
            counts[i] += good;
        }
    }
    for (int64_t i = 0, k = 0; i < columns; k++) {
        float sum = 0;
        int32_t n = 0;
        for (int64_t stop = i + step < columns ? i + step : columns; i < stop; i++) {
            sum += sums[i];
            n += counts[i];
        }
        out[k] = n ? sum / (float)n : NAN;
    }
}

/* Colours of values: entry floor((v - low) * scale) of a table of `entries`, ends included. */
EXPORT void BGV(colours)(int64_t n, const float *values, float low, float scale, int64_t entries,
                         const uint32_t *table, uint32_t *out)
{
    const float last = (float)(entries - 1);
    for (int64_t i = 0; i < n; i++) {
        float at = (values[i] - low) * scale;
        at = at > 0 ? at : 0; /* NaN too */
        at = at < last ? at : last;
        out[i] = table[(int32_t)at];
    }
}

/* ---- files (io/words.py) -------------------------------------------------------------------- */

/* Turn the bytes of n 32-bit words round, `in` to `out` (may be the same, or NULL), and return the
   sum of the words as this machine reads them in `in` (of 0) or in `out` (of 1). */
EXPORT uint64_t BGV(swap)(int64_t n, const uint32_t *in, uint32_t *out, int64_t of)
{
    uint64_t sum = 0;
    for (int64_t i = 0; i < n;) {
        /* sums of 2^15 halves of 16 bits fit into 32 */
        uint32_t lower = 0, upper = 0;
        int64_t stop = n - i < 32768 ? n : i + 32768;
        if (!out)
            for (; i < stop; i++) {
                uint32_t native = of ? __builtin_bswap32(in[i]) : in[i];
                lower += native & 0xffff;
                upper += native >> 16;
            }
        for (; i < stop; i++) {
            uint32_t a = in[i], b = __builtin_bswap32(a), native = of ? b : a;
            out[i] = b;
            lower += native & 0xffff;
            upper += native >> 16;
        }
        sum += lower + ((uint64_t)upper << 16);
    }
    return sum;
}

/* Finite values without a positive finite variance; `some` tells whether any variance is not 0. */
EXPORT int64_t BGV(unusable)(int64_t n, const float *image, const float *variance, int64_t *some)
{
    int64_t bad = 0, set = 0;
    for (int64_t i = 0; i < n; i += CHUNK) {
        int32_t b = 0, s = 0;
        int64_t stop = n - i < CHUNK ? n : i + CHUNK;
        for (int64_t k = i; k < stop; k++) {
            float x = image[k] - image[k], v = variance[k] - variance[k];
            b += (x == x) & !((v == v) & (variance[k] > 0));
            s |= variance[k] != 0;
        }
        bad += b;
        set |= s;
    }
    *some = set;
    return bad;
}

/* ---- what this library is ------------------------------------------------------------------ */

#ifndef BGV_AVX2

#ifdef BGV_BOTH
#include <cpuid.h>

/* Whether processor and system know AVX2 and POPCNT; __builtin_cpu_supports is not everywhere. */
static int has_avx2(void)
{
    unsigned a, b, c, d, enabled, upper;
    const unsigned needed = 1u << 23 | 1u << 27 | 1u << 28; /* POPCNT, OSXSAVE, AVX */
    if (!__get_cpuid(1, &a, &b, &c, &d) || (c & needed) != needed)
        return 0;
    __asm__("xgetbv" : "=a"(enabled), "=d"(upper) : "c"(0));
    if ((enabled & 6) != 6) /* the system saves the wide registers */
        return 0;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & 1u << 5);
}
#endif

/* Checksum of this file, so that a library left from an older one is not taken. */
EXPORT uint64_t bgv_source(void) { return BGV_SOURCE; }

/* 2: AVX2 can be used here; 1: the plain functions; 0: NumPy is quicker than those (GCC splits the
   vectors of a processor without AVX2 into single numbers). */
EXPORT int bgv_variant(void)
{
#ifdef BGV_BOTH
    if (has_avx2())
        return 2;
#endif
#ifdef __clang__
    return 1;
#else
    return 0;
#endif
}

#endif

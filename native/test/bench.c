/* Rates of each path, beside OpenSSL's SHA-256 of one stream in the same run where OpenSSL was found. All figures are
 * taken in turn, several times; the best of each counts. */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "dataprep_kernels.h"

#if defined(DP_TEST_OPENSSL)
#include <openssl/evp.h>
#endif

enum {
    PAIRS = 1024,
    SEGMENTS = 32,
    LEAF = 1 << 20,
    LEAVES = 16,
    SMALL_MESSAGES = 10000,
    SMALL_LONGEST = 100000,
    BUFFER = SEGMENTS * DP_SEGMENT_LENGTH,
    MAX_KERNELS = 8
};

static uint8_t *buffer, *scratch, *output;
static dp_message leaves[LEAVES], small[SMALL_MESSAGES];
static double small_bytes;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void run_pairs(int kernel)
{
    for (int i = 0; i < 64; i++)
        dp_hash_pairs(kernel, buffer, output, PAIRS);
}

static void run_segments(int kernel)
{
    dp_hash_segments(kernel, buffer, BUFFER, output, scratch);
}

static void run_leaves(int kernel)
{
    dp_hash_messages(kernel, buffer, leaves, LEAVES, output);
}

static void run_small(int kernel)
{
    dp_hash_messages(kernel, buffer, small, SMALL_MESSAGES, output);
}

/* Both hashes of the same payload, while it is in the cache: of four segments as leaves, then of their trees. */
static void run_both(int kernel)
{
    for (size_t at = 0; at < BUFFER; at += 4 * DP_SEGMENT_LENGTH) {
        dp_message four[4];
        for (int i = 0; i < 4; i++)
            four[i] = (dp_message){ (int32_t)(i * DP_SEGMENT_LENGTH), DP_SEGMENT_LENGTH };
        dp_hash_messages(kernel, buffer + at, four, 4, output);
        dp_hash_segments(kernel, buffer + at, 4 * DP_SEGMENT_LENGTH, output, scratch);
    }
}

static void run_openssl(int kernel)
{
    (void)kernel;
#if defined(DP_TEST_OPENSSL)
    static EVP_MD_CTX *context;
    if (context == NULL)
        context = EVP_MD_CTX_new();
    for (size_t at = 0; at + (1 << 18) <= BUFFER; at += 1 << 18) {
        EVP_DigestInit_ex(context, EVP_sha256(), NULL);
        EVP_DigestUpdate(context, buffer + at, 1 << 18);
        EVP_DigestFinal_ex(context, output, NULL);
    }
#endif
}

int bench(double seconds_each)
{
    buffer = mmap(NULL, BUFFER + (4 << 20), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    scratch = malloc(dp_scratch_size());
    output = malloc(SMALL_MESSAGES * 32);
    random_state = 88172645463325252u;
    for (size_t i = 0; i < BUFFER / 8; i++) {
        uint64_t word = random_next();
        memcpy(buffer + 8 * i, &word, 8);
    }
    for (int i = 0; i < LEAVES; i++)
        leaves[i] = (dp_message){ i * LEAF, LEAF };
    for (int i = 0; i < SMALL_MESSAGES; i++) {
        small[i].length = (int32_t)random_below(SMALL_LONGEST);
        small[i].offset = (int32_t)random_below(BUFFER - SMALL_LONGEST);
        small_bytes += small[i].length;
    }

    struct {
        const char *name;
        void (*run)(int kernel);
        double bytes;
        double best[MAX_KERNELS];
    } works[] = {
        { "pairs", run_pairs, 64.0 * PAIRS * 64, { 0 } },
        { "segments (CommP)", run_segments, BUFFER, { 0 } },
        { "16 messages of 1 MiB", run_leaves, (double)LEAVES * LEAF, { 0 } },
        { "10,000 messages to 100 KB", run_small, small_bytes, { 0 } },
        { "leaves + CommP", run_both, BUFFER, { 0 } },
    };
    enum { WORKS = sizeof works / sizeof *works };
    double openssl = 0, until = now() + seconds_each * WORKS * dp_kernel_count();
    for (int round = 0; round < 3 || now() < until; round++) {
        double t = now();
        run_openssl(0);
        double rate = (double)(BUFFER / (1 << 18) * (1 << 18)) / (now() - t);
        openssl = rate > openssl ? rate : openssl;
        for (int kernel = 0; kernel < dp_kernel_count() && kernel < MAX_KERNELS; kernel++) {
            if (!dp_kernel_supported(kernel))
                continue;
            for (int i = 0; i < WORKS; i++) {
                t = now();
                works[i].run(kernel);
                rate = works[i].bytes / (now() - t);
                works[i].best[kernel] = rate > works[i].best[kernel] ? rate : works[i].best[kernel];
            }
        }
    }

#if defined(DP_TEST_OPENSSL)
    printf("%-28s %6.3f GB/s = R\n", "OpenSSL SHA-256, one stream", openssl / 1e9);
#endif
    for (int kernel = 0; kernel < dp_kernel_count() && kernel < MAX_KERNELS; kernel++) {
        if (!dp_kernel_supported(kernel))
            continue;
        printf("%s\n", dp_kernel_name(kernel));
        for (int i = 0; i < WORKS; i++) {
            printf("  %-26s %6.3f GB/s", works[i].name, works[i].best[kernel] / 1e9);
#if defined(DP_TEST_OPENSSL)
            printf("  %5.3f R", works[i].best[kernel] / openssl);
#endif
            if (i == 0)
                printf("  %.2f ns per node", 64e9 / works[i].best[kernel]);
            printf("\n");
        }
    }
    return 0;
}

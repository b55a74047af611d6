/* SHA-256 kernels for Filecoin data preparation: many messages at once, and the tree of a piece commitment (CommP).
 *
 * No call allocates, fails or keeps anything between calls; all may be made from any number of threads, as long as
 * each has its own outputs and scratch. Nothing is read outside the given inputs or written outside the outputs.
 * A `kernel` argument is an index below dp_kernel_count() for which dp_kernel_supported() is 1. */
#ifndef DATAPREP_KERNELS_H
#define DATAPREP_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32)
#define DP_API __declspec(dllexport)
#else
#define DP_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Changes when a function or struct below does. */
#define DP_ABI_VERSION 1

/* Payload bytes below one node of height 15: 2^15 leaves of 32 bytes are 8192 groups of 127. */
#define DP_SEGMENT_LENGTH 1040384

/* A range of a buffer. */
typedef struct {
    int32_t offset;
    int32_t length;
} dp_message;

DP_API int dp_abi_version(void);

/* Kernels compiled into this library, the one expected to be fastest first, the portable one last. Which is fastest
 * on the machine at hand is for the caller to measure. */
DP_API int dp_kernel_count(void);

/* "shani", "avx512", "avx2", "armv8" or "portable-c"; null for an index out of range. */
DP_API const char *dp_kernel_name(int kernel);

/* 1 if CPU and operating system can run it; 0 if not, or for an index out of range. */
DP_API int dp_kernel_supported(int kernel);

/* SHA-256 of each message: 32 bytes each to `digests`, in order. Messages may overlap each other, not the digests. */
DP_API void dp_hash_messages(int kernel, const uint8_t *buffer, const dp_message *messages, size_t count, uint8_t *digests);

/* SHA-256 of `count` messages of 64 bytes. `digests` may begin where `pairs` does; any other overlap is undefined. */
DP_API void dp_hash_pairs(int kernel, const uint8_t *pairs, uint8_t *digests, size_t count);

/* Bytes of scratch that the two functions below need, of any alignment. */
DP_API size_t dp_scratch_size(void);

/* The level-15 nodes of consecutive segments of DP_SEGMENT_LENGTH bytes, the last one extended with zeros:
 * 32 bytes to `nodes` for each started segment. */
DP_API void dp_hash_segments(int kernel, const uint8_t *raw, size_t length, uint8_t *nodes, uint8_t *scratch);

/* The root of the sub-tree of that height, 2 to 15, over `raw` extended with zeros; `length` at most what it holds,
 * 127 << (height - 2) bytes. 32 bytes to `root`. */
DP_API void dp_subtree_root(int kernel, const uint8_t *raw, size_t length, int height, uint8_t *root, uint8_t *scratch);

#ifdef __cplusplus
}
#endif

#endif

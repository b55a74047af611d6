/* Many messages of unequal lengths over a few streams that are hashed side by side: a stream whose message ends takes
 * the next one. */
#ifndef DP_STREAMS_H
#define DP_STREAMS_H

#include "kernel.h"

enum { DP_MAX_STREAMS = 16 };

typedef struct {
    /* Takes `count` blocks of each stream into its state: a to h in the CPU's byte order, aligned to 32 bytes. */
    void (*compress)(uint32_t (*states)[8], const uint8_t *const *blocks, size_t count, int streams);

    /* Streams while messages are waiting. */
    int usual;

    /* The last waiting message starts as soon as that leaves no more than this many: better one stream too many than
     * one alone at the end. */
    int most;
} dp_streams;

void dp_hash_streams(const dp_streams *kind, const uint8_t *buffer, const dp_message *messages, size_t count, uint8_t *digests);

#endif

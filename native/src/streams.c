#include "streams.h"

typedef struct {
    const uint8_t *buffer;
    const dp_message *messages;
    uint8_t *digests;

    /* Streams 0 to active - 1 run. */
    int active;
    size_t message[DP_MAX_STREAMS];
    size_t blocks_left[DP_MAX_STREAMS];
    const uint8_t *blocks[DP_MAX_STREAMS];
    _Alignas(64) uint32_t states[DP_MAX_STREAMS][8];

    /* A message's last blocks, with its padding, come from the stream's place among `tails`; null before them. */
    const uint8_t *tail[DP_MAX_STREAMS];
    int place[DP_MAX_STREAMS];
    uint8_t tails[DP_MAX_STREAMS][2 * DP_BLOCK];
} run;

static void start_tail(run *r, int stream)
{
    const dp_message *message = &r->messages[r->message[stream]];
    size_t length = (size_t)message->length, body = length & ~(size_t)(DP_BLOCK - 1);
    uint8_t *tail = r->tails[r->place[stream]];
    r->blocks_left[stream] = dp_message_tail(r->buffer + message->offset + body, length, tail);
    r->blocks[stream] = r->tail[stream] = tail;
}

static void start(run *r, int stream, size_t message)
{
    memcpy(r->states[stream], dp_initial_state, sizeof r->states[stream]);
    r->message[stream] = message;
    r->blocks[stream] = r->buffer + r->messages[message].offset;
    r->blocks_left[stream] = (size_t)r->messages[message].length / DP_BLOCK;
    r->tail[stream] = NULL;
    if (r->blocks_left[stream] == 0)
        start_tail(r, stream);
}

static void finish(const run *r, int stream)
{
    for (int i = 0; i < 8; i++)
        dp_store_be32(r->digests + DP_DIGEST * r->message[stream] + 4 * i, r->states[stream][i]);
}

/* Moves the last running stream to where one has ended. */
static void drop(run *r, int stream)
{
    int last = --r->active, place = r->place[stream];
    if (stream == last)
        return;
    memcpy(r->states[stream], r->states[last], sizeof r->states[stream]);
    r->message[stream] = r->message[last];
    r->blocks_left[stream] = r->blocks_left[last];
    r->blocks[stream] = r->blocks[last];
    r->tail[stream] = r->tail[last];
    r->place[stream] = r->place[last];
    r->place[last] = place;
}

static size_t shortest(const run *r)
{
    size_t least = r->blocks_left[0];
    for (int i = 1; i < r->active; i++)
        least = r->blocks_left[i] < least ? r->blocks_left[i] : least;
    return least;
}

void dp_hash_streams(const dp_streams *kind, const uint8_t *buffer, const dp_message *messages, size_t count, uint8_t *digests)
{
    run r;
    r.buffer = buffer;
    r.messages = messages;
    r.digests = digests;
    r.active = 0;
    for (int i = 0; i < DP_MAX_STREAMS; i++)
        r.place[i] = i;

    size_t next = 0;
    for (;;) {
        while (next < count && r.active < (count - next == 1 ? kind->most : kind->usual))
            start(&r, r.active++, next++);
        if (r.active == 0)
            return;

        size_t blocks = shortest(&r);
        kind->compress(r.states, r.blocks, blocks, r.active);

        /* From the last stream down: the one that takes the place of an ended one has been looked at. */
        for (int i = r.active - 1; i >= 0; i--) {
            r.blocks[i] += DP_BLOCK * blocks;
            r.blocks_left[i] -= blocks;
            if (r.blocks_left[i] > 0)
                continue;
            if (r.tail[i] == NULL) {
                start_tail(&r, i);
                continue;
            }
            finish(&r, i);
            if (next < count)
                start(&r, i, next++);
            else
                drop(&r, i);
        }
    }
}

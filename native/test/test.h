#ifndef DP_TEST_H
#define DP_TEST_H

#include <stddef.h>
#include <stdint.h>

/* Of the run; printed, and given as argument to repeat it. */
extern uint64_t random_state;

uint64_t random_next(void);
size_t random_below(size_t limit);
void random_fill(uint8_t *bytes, size_t length);

/* `length` bytes whose end is the end of readable memory: the next byte belongs to a page without access. */
uint8_t *guarded(size_t length);
void guarded_free(uint8_t *bytes, size_t length);

int bench(double seconds_each);
int count_instructions(void);

#endif

/* Every other mutation of libFuzzer goes along the structure of replies behind each other. */
#include "fuzz/mutator.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t cap);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t cap, unsigned seed);

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t cap, unsigned seed)
{
    if ((seed & 1) != 0)
        return LLVMFuzzerMutate(data, size, cap);
    return mutate_replies(data, size, cap, seed);
}

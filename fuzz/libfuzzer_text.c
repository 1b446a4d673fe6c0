/* A few mutations repeat words or lines. */
#include "fuzz/mutator.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t cap);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t cap, unsigned seed);

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t cap, unsigned seed)
{
    if (seed % 8 != 0)
        return LLVMFuzzerMutate(data, size, cap);
    return mutate_text(data, size, cap, seed);
}

/* Any text as a scenario. */
#include "serve/scenario.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    scenario_error_t err;
    scenario_free(scenario_parse((const char *)data, size, 0, &err));
    return 0;
}

#include "net/net.h"
net_err_t net_raw_new(const volatile int *stop, net_t **out)
{
    (void)stop;
    (void)out;
    return NET_E_PRIVILEGE;
}

#include "capture/thread.h"

#include <signal.h>

bool thread_start(pthread_t *thread, void *(*run)(void *user), void *user)
{
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    if (pthread_sigmask(SIG_SETMASK, &all, &before) != 0)
        return false;
    int rc = pthread_create(thread, NULL, run, user);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc == 0;
}

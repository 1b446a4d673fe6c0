/* Threads that help the one that reads packets. */
#ifndef CAPTURE_THREAD_H
#define CAPTURE_THREAD_H

#include <pthread.h>
#include <stdbool.h>

/* Starts run(user) in a thread that no signal comes to: they are for the thread that calls, which
 * one has to wake. False when none can be had. */
bool thread_start(pthread_t *thread, void *(*run)(void *user), void *user);

#endif

/*
 * base/cold - what hardly any packet asks for, kept apart from what each one does.
 *
 * The code that runs for each packet has to stay in the processor's first cache: a function
 * marked so is not put into the one that calls it, nor is the way to it in its midst.
 */
#pragma once

#define COLD __attribute__((cold, noinline))

/* What each packet asks for and something rare as well: the former goes without the call. */
#define HOT inline __attribute__((always_inline))

/*
 * engine/opinion - what nDPI is asked about a conversation, and when no more.
 *
 * Its name is the second opinion: shown in records, never what decides that something is
 * mail. Private to engine/.
 */
#pragma once

#include "engine/private.h"

/* Have the flow's packets shown to nDPI, unless it was asked before. */
void opinion_open(const struct watch *watch);

/* A mail flow: ask about the server's first ones, then about some; so many in a second. */
void opinion_open_of_mail(const struct watch *watch);

/* Keep the name it has by now; it is not asked again. */
void opinion_close(const struct watch *watch);

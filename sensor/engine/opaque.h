/*
 * engine/opaque - flows that go on as something nobody here looks into, counted by kind.
 * Private to engine/.
 *
 * WebSocket frames, HTTP/2 without TLS, SOCKS messages encapsulated by GSSAPI, IMAP that
 * was compressed: mail may be inside of each.
 */
#pragma once

#include "engine/private.h"

/* In CLASSIFY, which is about to end without a name that is followed. */
void opaque_note_unnamed(const struct watch *watch);

/* In DIALOGUE, which is about to end, or to be classified anew. */
void opaque_note_dialogue(const struct watch *watch);

#include "engine/opaque.h"

#include "analyze/http.h"

#include <string.h>

static void count(const struct watch *watch, enum engine_opaque kind)
{
	watch->engine->opaque[kind]++;
}

/* RFC 9113 section 3.4: what every client begins with. */
static bool is_http2(const struct prefix *prefix, unsigned client)
{
	static const char PREFACE[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
	const size_t len = sizeof(PREFACE) - 1;
	return prefix->len[client] >= len &&
	       memcmp(prefix->bytes[client], PREFACE, len) == 0;
}

void opaque_note_unnamed(const struct watch *watch)
{
	const struct conversation *conversation = watch->conversation;
	if (conversation->classification.is_opaque) {
		count(watch, ENGINE_OPAQUE_SOCKS);
	} else if (is_http2(&conversation->prefix, watch->flow->client)) {
		count(watch, ENGINE_OPAQUE_HTTP2);
	}
}

void opaque_note_dialogue(const struct watch *watch)
{
	const struct dialogue *dialogue = conversation_dialogue(watch->conversation);
	const bool is_http = dialogue->analyzer == &ANALYZER_HTTP;
	if (is_http && http_is_websocket(dialogue->state)) {
		count(watch, ENGINE_OPAQUE_WEBSOCKET);
	} else if (is_http && http_is_http2(dialogue->state)) {
		count(watch, ENGINE_OPAQUE_HTTP2);
	} else if (dialogue->facts.is_compressed) {
		count(watch, ENGINE_OPAQUE_COMPRESSED);
	}
}

/* Which requests are to be answered yet: analyze/http.h */

#include "analyze/http.h"

void http_asked_put(struct http *http, uint8_t flags)
{
	const unsigned runs = http->asked_runs;
	struct http_asked *last = &http->asked[runs > 0 ? runs - 1 : 0];
	http->asked_count++;
	if (runs == 0 || (last->flags != flags && runs < HTTP_ASKED_MAX)) {
		http->asked[http->asked_runs++] =
			(struct http_asked){.count = 1, .flags = flags};
	} else {
		last->count++;
		last->flags |= flags; /* without room: what one of them may be */
	}
}

uint8_t http_asked_take(struct http *http)
{
	struct http_asked *first = &http->asked[0];
	const uint8_t flags = first->flags;
	if (http->asked_count == 0) {
		return 0;
	}
	http->asked_count--;
	if (--first->count == 0) {
		http->asked_runs--;
		memmove(first, first + 1, http->asked_runs * sizeof(*first));
	}
	return flags;
}

#include "base/library.h"

#include <dlfcn.h>
#include <string.h>

bool library_load(const char *name, const struct library_call *wanted, size_t count,
	void *calls, struct reason *why)
{
	void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
	if (!library) {
		return reason_set(why, "%s is not installed here", name);
	}
	for (size_t i = 0; i < count; i++) {
		void *call = dlsym(library, wanted[i].name);
		if (!call) {
			return reason_set(
				why, "%s here is another than is wanted", name);
		}
		memcpy((char *)calls + wanted[i].at, &call, sizeof(call));
	}
	return true;
}

#include "error.h"

#include <errno.h>

static const int numbers[] = {
#define X(name, number, words) [ERROR_##name] = (number),
	ERROR_TABLE(X)
#undef X
};

static const char *const texts[] = {
#define X(name, number, words) [ERROR_##name] = (words),
	ERROR_TABLE(X)
#undef X
};

enum error error_from_errno(int number)
{
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		if (numbers[i] == number && number >= 0)
			return (enum error)i;
	}
	return ERROR_OTHER;
}

const char *error_text(unsigned error)
{
	return texts[error < ERROR_COUNT ? error : ERROR_OTHER];
}

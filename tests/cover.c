/* Only in VARIANT=cover: gcov writes its counts at exit(), and a child that ends with _exit (the
 * demo) or a program that aborts (must) would lose them. The linker sends both calls here. */
#include <gcov.h>

_Noreturn void __real__exit(int status);
_Noreturn void __real_abort(void);
_Noreturn void __wrap__exit(int status);
_Noreturn void __wrap_abort(void);

_Noreturn void __wrap__exit(int status)
{
	__gcov_dump();
	__real__exit(status);
}

_Noreturn void __wrap_abort(void)
{
	__gcov_dump();
	__real_abort();
}

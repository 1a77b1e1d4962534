plumbline_library(tests_support_memory_log SOURCES memory_log.cpp PUBLIC core_log Threads::Threads)

plumbline_library(tests_support_fault_proxy SOURCES fault_proxy.cpp PRIVATE Threads::Threads)

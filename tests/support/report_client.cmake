plumbline_library(tests_support_report_client SOURCES report_client.cpp PUBLIC tests_support_raw_http
                      bench_load core_crypto)

plumbline_test(embedded_contract_test SOURCES embedded_contract_test.cpp LINK tests_log_contract core_log_embedded tests_support_process
               LABELS contract)

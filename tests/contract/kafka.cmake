plumbline_test(kafka_contract_test SOURCES kafka_contract_test.cpp LINK tests_log_contract tests_support_kafka core_log_kafka
               LABELS contract TIMEOUT 600)

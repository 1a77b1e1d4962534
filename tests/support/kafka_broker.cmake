if(TARGET core_log_kafka)
  plumbline_library(tests_support_kafka SOURCES kafka_broker.cpp PUBLIC tests_support_process PRIVATE core_log_kafka)
  target_compile_definitions(tests_support_kafka PRIVATE PLUMBLINE_KAFKA_JARS="${PROJECT_SOURCE_DIR}/.cache/kafka")
endif()

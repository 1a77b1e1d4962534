plumbline_library(tests_support_agent_box SOURCES agent_box.cpp PUBLIC tests_support_process tests_support_stack tests_support_fault_proxy
                  PRIVATE core_codec tests_support_raw_http)
target_compile_definitions(tests_support_agent_box PRIVATE PLUMBLINE_BINARY_DIR="${PROJECT_BINARY_DIR}" FAULT_IO="$<TARGET_FILE:tests_support_fault_io>")
add_dependencies(tests_support_agent_box tests_support_fault_io)

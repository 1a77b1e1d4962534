plumbline_library(tests_support_fakes SOURCES fakes.cpp PUBLIC tests_support_process)
target_compile_definitions(tests_support_fakes PRIVATE PLUMBLINE_SOURCE_DIR="${PROJECT_SOURCE_DIR}" PLUMBLINE_PYTHON="${PLUMBLINE_PYTHON}")

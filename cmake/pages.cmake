# What a binary says of its own command line, made by running it: build/…/man/NAME*.1 and build/…/completion,
# and where they are installed.
include_guard(GLOBAL)
include(GNUInstallDirs)

# plumbline_pages(TARGET COMPONENT)
function(plumbline_pages name component)
  set(man ${PROJECT_BINARY_DIR}/man/${name})
  set(completion ${PROJECT_BINARY_DIR}/completion)
  add_custom_command(
    OUTPUT ${man}/${name}.1 ${completion}/${name} ${completion}/_${name} ${completion}/${name}.fish
    COMMAND ${CMAKE_COMMAND} -E rm -rf ${man}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${completion}
    COMMAND ${name} man ${man}
    COMMAND ${name} completion bash > ${completion}/${name}
    COMMAND ${name} completion zsh > ${completion}/_${name}
    COMMAND ${name} completion fish > ${completion}/${name}.fish
    DEPENDS ${name}
    VERBATIM)
  add_custom_target(${name}_pages ALL DEPENDS ${man}/${name}.1)
  install(DIRECTORY ${man}/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT ${component})
  install(FILES ${completion}/${name} DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions COMPONENT ${component})
  install(FILES ${completion}/_${name} DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions COMPONENT ${component})
  install(FILES ${completion}/${name}.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d COMPONENT ${component})
endfunction()

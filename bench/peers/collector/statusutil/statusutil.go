// Package statusutil stands in for the Collector's internal module of this name, which not every module proxy
// serves. The peer needs it for answers that are errors only, and the benchmark has none.
package statusutil

import (
	"net/http"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// NewStatusFromMsgAndHTTPCode maps an HTTP status to the gRPC code that OTLP/HTTP names for it.
func NewStatusFromMsgAndHTTPCode(message string, httpStatus int) *status.Status {
	code := codes.Unknown
	switch httpStatus {
	case http.StatusBadRequest:
		code = codes.InvalidArgument
	case http.StatusUnauthorized:
		code = codes.Unauthenticated
	case http.StatusForbidden:
		code = codes.PermissionDenied
	case http.StatusTooManyRequests:
		code = codes.ResourceExhausted
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		code = codes.Unavailable
	}
	return status.New(code, message)
}

// GetRetryInfo gives the detail that says when to come again, nil without one.
func GetRetryInfo(of *status.Status) *errdetails.RetryInfo {
	for _, detail := range of.Details() {
		if info, ok := detail.(*errdetails.RetryInfo); ok {
			return info
		}
	}
	return nil
}

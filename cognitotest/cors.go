package cognitotest

import "net/http"

// exposedHeaders are those of an answer that a page of another origin may read, beyond what browsers let it read anyway.
const exposedHeaders = "Date, X-Amzn-RequestId, X-Amzn-ErrorType, X-Amzn-ErrorMessage"

// allowOrigins lets pages of any origin call next, as the service does. A browser asks first, since each call has a
// header that is not one of the plain ones (X-Amz-Target at least; clients add Cache-Control, X-Amz-User-Agent and
// others); it is told that what it asked for will do. That question is no request to the pool.
func allowOrigins(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Access-Control-Allow-Origin", "*")
		header.Set("Access-Control-Expose-Headers", exposedHeaders)
		if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
			next.ServeHTTP(w, r)
			return
		}
		header.Set("Access-Control-Allow-Methods", "GET, POST")
		if asked := r.Header.Get("Access-Control-Request-Headers"); asked != "" {
			header.Set("Access-Control-Allow-Headers", asked)
		}
		header.Set("Access-Control-Max-Age", "600")
		w.WriteHeader(http.StatusNoContent)
	})
}

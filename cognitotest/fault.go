package cognitotest

import (
	"bytes"
	"fmt"
	"maps"
	"net"
	"net/http"
	"strconv"
	"time"
)

// FaultKind is a kind of failure of the service or the network.
type FaultKind string

// The kinds of faults. With some of them, which say so, the server executes the request, but the
// client does not learn that. With the others the server never sees the request.
const (
	// FaultThrottle responds with TooManyRequestsException and status 400.
	FaultThrottle FaultKind = "throttle"
	// FaultServerError responds with InternalErrorException and status 500. [Fault.Status] changes
	// the status.
	FaultServerError FaultKind = "server error"
	// FaultReset resets the connection instead of responding.
	FaultReset FaultKind = "reset"
	// FaultLostReply executes the request, and then resets the connection instead of responding.
	FaultLostReply FaultKind = "lost reply"
	// FaultDelay executes the request after [Fault.Delay], unless the client gives up earlier.
	FaultDelay FaultKind = "delay"
	// FaultLateReply executes the request at once, and responds after [Fault.Delay].
	FaultLateReply FaultKind = "late reply"
	// FaultGarbage executes the request, and then responds with status 200 and a body that is not
	// JSON.
	FaultGarbage FaultKind = "garbage"
	// FaultTruncate executes the request, and then closes the connection in the middle of the
	// response body.
	FaultTruncate FaultKind = "truncate"
	// FaultContentType executes the request, and responds correctly but with the Content-Type
	// text/html.
	FaultContentType FaultKind = "content type"
)

// Fault makes requests fail; see [Server.Fault].
type Fault struct {
	// Op is the operation that fails, such as "InitiateAuth", or "JWKS" for the key set. If empty,
	// all operations fail.
	Op string
	// Kind is the kind of failure. The default is FaultServerError.
	Kind FaultKind
	// Times is the number of requests that fail. If it is zero, one request fails. If it is
	// negative, all fail until [Server.ClearFaults].
	Times int
	// After is the number of requests for the operation that succeed first.
	After int
	// Status replaces the HTTP status of FaultServerError and FaultThrottle if it is not zero.
	Status int
	// Delay is how long to wait, in real time rather than on the server's clock. FaultLateReply
	// waits before it responds, the other kinds before anything else.
	Delay time.Duration
	// Release ends the wait when it is closed. Without a Delay, nothing else ends it. Release may
	// be nil.
	Release <-chan struct{}
	// Entered is called with the operation when a request reaches the fault, before anything else
	// happens. Together with Release it holds a request: the test learns that it has arrived, and
	// decides when it continues. Entered may be nil.
	Entered func(op string)
}

// Fault makes requests fail from now on, in addition to earlier faults. If several faults match a
// request, the earliest is used first. Fault panics if f is invalid.
func (s *Server) Fault(f Fault) {
	if f.Kind == "" {
		f.Kind = FaultServerError
	}
	if faults[f.Kind] == nil {
		panic(fmt.Sprintf("cognitotest: Fault.Kind: want one of the FaultKinds, got %q", f.Kind))
	}
	if (f.Kind == FaultDelay || f.Kind == FaultLateReply) && f.Delay <= 0 && f.Release == nil {
		panic("cognitotest: Fault: want a Delay or a Release with that Kind")
	}
	if f.Times == 0 {
		f.Times = 1
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &f)
}

// ClearFaults removes all faults. Requests that are already waiting in one are not affected.
func (s *Server) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// nextFault returns the fault for a request and counts it as used, or returns nil if there is none.
func (s *Server) nextFault(op string) *Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.faults {
		switch {
		case f.Times == 0 || (f.Op != "" && f.Op != op):
		case f.After > 0:
			f.After--
		default:
			if f.Times > 0 {
				f.Times--
			}
			return f
		}
	}
	return nil
}

// fail responds to a request as f says. serve is the server's normal handler.
func (s *Server) fail(f *Fault, w http.ResponseWriter, r *http.Request, serve func(http.ResponseWriter)) {
	if f.Entered != nil {
		f.Entered(operation(r))
	}
	if f.Kind == FaultLateReply {
		reply := newHeldReply()
		serve(reply)
		serve = func(w http.ResponseWriter) { reply.send(w, reply.body.Len()) }
	}
	if f.wait(r.Context().Done()) {
		faults[f.Kind](f, w, serve)
	}
}

// wait waits as long as f says. It reports whether the client is still waiting, too.
func (f *Fault) wait(gone <-chan struct{}) bool {
	var elapsed <-chan time.Time // nil: never
	if f.Delay > 0 {
		timer := time.NewTimer(f.Delay)
		defer timer.Stop()
		elapsed = timer.C
	} else if f.Release == nil {
		return true
	}
	select {
	case <-elapsed:
	case <-f.Release:
	case <-gone:
		return false
	}
	return true
}

// faults maps each kind of fault to its behavior.
var faults = map[FaultKind]func(f *Fault, w http.ResponseWriter, serve func(http.ResponseWriter)){
	FaultThrottle: func(f *Fault, w http.ResponseWriter, _ func(http.ResponseWriter)) {
		status := orStatus(f.Status, http.StatusBadRequest)
		writeError(w, &apiError{status: status, kind: "TooManyRequestsException", message: "Rate exceeded"})
	},
	FaultServerError: func(f *Fault, w http.ResponseWriter, _ func(http.ResponseWriter)) {
		status := orStatus(f.Status, http.StatusInternalServerError)
		writeError(w, &apiError{status: status, kind: "InternalErrorException", message: "Something went wrong"})
	},
	FaultReset: func(_ *Fault, w http.ResponseWriter, _ func(http.ResponseWriter)) { reset(w) },
	FaultLostReply: func(_ *Fault, w http.ResponseWriter, serve func(http.ResponseWriter)) {
		serve(newHeldReply())
		reset(w)
	},
	FaultDelay:     func(_ *Fault, w http.ResponseWriter, serve func(http.ResponseWriter)) { serve(w) },
	FaultLateReply: func(_ *Fault, w http.ResponseWriter, serve func(http.ResponseWriter)) { serve(w) },
	FaultGarbage: func(_ *Fault, w http.ResponseWriter, serve func(http.ResponseWriter)) {
		reply := newHeldReply()
		serve(reply)
		reply.body = *bytes.NewBufferString("<html>not what was asked for")
		reply.status = http.StatusOK
		reply.send(w, reply.body.Len())
	},
	FaultTruncate: func(_ *Fault, w http.ResponseWriter, serve func(http.ResponseWriter)) {
		reply := newHeldReply()
		serve(reply)
		reply.send(w, reply.body.Len()/2)
		panic(http.ErrAbortHandler) // net/http then closes the connection and logs nothing
	},
	FaultContentType: func(_ *Fault, w http.ResponseWriter, serve func(http.ResponseWriter)) {
		reply := newHeldReply()
		serve(reply)
		reply.header.Set("Content-Type", "text/html")
		reply.send(w, reply.body.Len())
	},
}

func orStatus(status, usual int) int {
	if status == 0 {
		return usual
	}
	return status
}

// heldReply is a response that is not sent yet.
type heldReply struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func newHeldReply() *heldReply { return &heldReply{header: http.Header{}, status: http.StatusOK} }

// Header implements [http.ResponseWriter].
func (h *heldReply) Header() http.Header { return h.header }

// WriteHeader implements [http.ResponseWriter].
func (h *heldReply) WriteHeader(status int) { h.status = status }

// Write implements [http.ResponseWriter].
func (h *heldReply) Write(b []byte) (int, error) { return h.body.Write(b) }

// send sends the first n bytes of the response with the Content-Length of the whole response.
func (h *heldReply) send(w http.ResponseWriter, n int) {
	maps.Copy(w.Header(), h.header)
	w.Header().Set("Content-Length", strconv.Itoa(h.body.Len()))
	w.WriteHeader(h.status)
	_, _ = w.Write(h.body.Bytes()[:n]) // the client may be gone
	_ = http.NewResponseController(w).Flush()
}

// reset closes the connection as a crash would, with a TCP reset.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // HTTP/2 does not support Hijack
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

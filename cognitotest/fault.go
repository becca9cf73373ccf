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

// FaultKind is a way in which a service or the network fails.
type FaultKind string

// The kinds of faults. In those that say so the pool has done what it was asked, but the client does not get to
// know it; in the others it never saw the request.
const (
	// FaultThrottle answers TooManyRequestsException with status 400.
	FaultThrottle FaultKind = "throttle"
	// FaultServerError answers InternalErrorException with status 500; [Fault.Status] changes the status.
	FaultServerError FaultKind = "server error"
	// FaultReset resets the connection in place of an answer.
	FaultReset FaultKind = "reset"
	// FaultLostReply lets the pool take the request, then resets the connection in place of the answer.
	FaultLostReply FaultKind = "lost reply"
	// FaultDelay lets the pool answer after [Fault.Delay], or never if the client gives up before.
	FaultDelay FaultKind = "delay"
	// FaultLateReply lets the pool take the request at once, but answers after [Fault.Delay].
	FaultLateReply FaultKind = "late reply"
	// FaultGarbage lets the pool take the request, then answers with status 200 and a body that is no JSON.
	FaultGarbage FaultKind = "garbage"
	// FaultTruncate lets the pool take the request, then breaks off in the middle of the answer's body.
	FaultTruncate FaultKind = "truncate"
	// FaultContentType lets the pool answer, but as text/html: its own answer, with the wrong Content-Type.
	FaultContentType FaultKind = "content type"
)

// Fault makes requests fail; see [Server.Fault].
type Fault struct {
	// Op is the operation that fails, such as "InitiateAuth"; "JWKS" is the key set. If empty, all of them.
	Op string
	// Kind is how. If empty, it is FaultServerError.
	Kind FaultKind
	// Times is how many requests fail. If zero, one; if negative, all until [Server.ClearFaults].
	Times int
	// After is how many requests of the operation are let through before.
	After int
	// Status replaces the HTTP status of FaultServerError and FaultThrottle, if it is not zero.
	Status int
	// Delay is how long to wait, in real time and not on the pool's clock: FaultLateReply before it answers, the
	// others before anything else.
	Delay time.Duration
	// Release ends the wait early when it is closed; without a Delay it is all that ends it. If nil, nothing does.
	Release <-chan struct{}
	// Entered is called when a request has come to the fault, with its operation, before anything else happens. With
	// Release it holds a request: the test knows that it is there, and lets it go. If nil, nothing is called.
	Entered func(op string)
}

// Fault makes requests fail from now on, in addition to faults that were set before; of several that fit a request,
// the earliest is used up first. It panics on a fault that is none, so that a test ends there.
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

// ClearFaults ends all faults. Requests that wait in one are not affected.
func (s *Server) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// nextFault finds the fault for a request and uses it up; nil for none.
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

// fail answers a request as f says; serve is how the pool would answer.
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

// wait waits as long as f says, and reports whether the client did so, too.
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

// faults is what happens at each kind of fault.
var faults = map[FaultKind]func(f *Fault, w http.ResponseWriter, serve func(http.ResponseWriter)){
	FaultThrottle: func(f *Fault, w http.ResponseWriter, _ func(http.ResponseWriter)) {
		writeError(w, &apiError{status: orStatus(f.Status, http.StatusBadRequest), kind: "TooManyRequestsException", message: "Rate exceeded"})
	},
	FaultServerError: func(f *Fault, w http.ResponseWriter, _ func(http.ResponseWriter)) {
		writeError(w, &apiError{status: orStatus(f.Status, http.StatusInternalServerError), kind: "InternalErrorException", message: "Something went wrong"})
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

// heldReply is an answer that is not sent yet.
type heldReply struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func newHeldReply() *heldReply { return &heldReply{header: http.Header{}, status: http.StatusOK} }

// Header is that of [http.ResponseWriter].
func (h *heldReply) Header() http.Header { return h.header }

// WriteHeader is that of [http.ResponseWriter].
func (h *heldReply) WriteHeader(status int) { h.status = status }

// Write is that of [http.ResponseWriter].
func (h *heldReply) Write(b []byte) (int, error) { return h.body.Write(b) }

// send sends the first n bytes of the answer, and announces all of them.
func (h *heldReply) send(w http.ResponseWriter, n int) {
	maps.Copy(w.Header(), h.header)
	w.Header().Set("Content-Length", strconv.Itoa(h.body.Len()))
	w.WriteHeader(h.status)
	_, _ = w.Write(h.body.Bytes()[:n]) // a client that is gone needs no answer
	_ = http.NewResponseController(w).Flush()
}

// reset ends the connection as a crash would: without an orderly end.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // it cannot be taken over, as with HTTP/2
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

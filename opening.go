package cognito

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

// The keys that say how a sign-in begins.
const (
	keyChallengeName      = "CHALLENGE_NAME"
	keyPreferredChallenge = "PREFERRED_CHALLENGE"
)

// opening is the first request of a sign-in. It is kept for the case that the sign-in must begin again.
type opening struct {
	flow     types.AuthFlowType
	username string            // as the caller gave it
	params   map[string]string // beside the username and the proof
	password string            // sent, or with srp proven; "": there is none
	srp      bool
	session  string // of the sign-up, good once
}

// newOpening is the first request of flow with password, which is "" for a custom sign-in without one.
func newOpening(flow types.AuthFlowType, password string) opening {
	o := opening{flow: flow, password: password, params: map[string]string{}}
	switch flow {
	case types.AuthFlowTypeUserSrpAuth:
		o.srp = true
	case types.AuthFlowTypeCustomAuth:
		if o.srp = password != ""; o.srp {
			o.params[keyChallengeName] = keySRPA
		}
	case types.AuthFlowTypeUserAuth:
		o.srp = true
		o.params[keyPreferredChallenge] = string(types.ChallengeNameTypePasswordSrp)
	default: // the password is sent
	}
	return o
}

// newChoice is the first request of USER_AUTH with first.
func newChoice(first FirstFactor) (opening, error) {
	if first.Preferred == "" && first.Password != "" {
		first.Preferred = types.ChallengeNameTypePasswordSrp
	}
	if err := checkFactor("first factor", first.Preferred, first.Password); err != nil {
		return opening{}, err
	}
	o := opening{flow: types.AuthFlowTypeUserAuth, password: first.Password, params: map[string]string{}}
	o.srp = first.Preferred == types.ChallengeNameTypePasswordSrp
	if first.Preferred != "" {
		o.params[keyPreferredChallenge] = string(first.Preferred)
	}
	return o, nil
}

// checkFactor refuses a factor with a password that it does not take, or without one that it does. Factors that this
// package does not know pass.
func checkFactor(field string, factor types.ChallengeNameType, password string) error {
	switch takes := isPasswordFactor(factor); {
	case takes && password == "":
		return fieldError(field, "want a password with "+string(factor)+", got none")
	case !takes && password != "":
		return fieldError(field, "want no password with "+quote(string(factor)))
	default:
		return nil
	}
}

func isPasswordFactor(factor types.ChallengeNameType) bool {
	return factor == types.ChallengeNameTypePassword || factor == types.ChallengeNameTypePasswordSrp
}

// newSignIn prepares a sign-in of the session's user; extra are the options that it takes beside those of every one.
func (c *Cognito) newSignIn(op string, admin bool, opts []CallOption, extra ...string) (*signIn, error) {
	if c.pool == nil || c.session == nil {
		return nil, errNotMade
	}
	call, err := newCallOptions(opts, signInOptions(admin, extra...)...)
	if err != nil {
		return nil, err
	}
	device, err := c.session.usableDevice()
	if err != nil {
		return nil, err
	}
	return &signIn{
		c: c, op: op, admin: admin, username: c.Username(), earlier: c.session.awaited(), call: call, device: device,
	}, nil
}

// signInOptions are the options that every request of a sign-in takes, and extra.
func signInOptions(admin bool, extra ...string) []string {
	if admin {
		return append(extra, optClientMetadata, optContextData)
	}
	return append(extra, optClientMetadata, optUserContextData)
}

// byPassword begins a flow with a password: the first of flows, unless the caller chose another of them.
func (s *signIn) byPassword(ctx context.Context, password string, flows ...types.AuthFlowType) error {
	if err := checkLogin(s.username, password); err != nil {
		return err
	}
	flow := flows[0]
	if s.call.flow != "" {
		flow = s.call.flow
	}
	if !slices.Contains(flows, flow) {
		return fieldError("option Flow", fmt.Sprintf("want one of %v, got %s", flows, quote(string(flow))))
	}
	return s.begin(ctx, newOpening(flow, password))
}

// begin sends the first request and takes the sign-in as far as it goes without the caller.
func (s *signIn) begin(ctx context.Context, o opening) error {
	o.username = s.username
	s.opening = &o
	s.c.session.noteDevice(nil)
	s.c.pool.verifier.keys.warm(ctx)
	reply, err := s.initiate(ctx)
	if o.session != "" && errors.Is(&Error{Err: err}, ErrSessionExpired) {
		s.opening.session = "" // too late to be signed in by the sign-up alone: ask what there is
		reply, err = s.initiate(ctx)
	}
	if err != nil {
		return err
	}
	return s.advance(ctx, reply)
}

// initiate sends the first request, with fresh secrets.
func (s *signIn) initiate(ctx context.Context) (authReply, error) {
	o := s.opening
	s.username, s.names, s.session = o.username, nil, o.session
	params, err := s.prove(o.srp, o.password, o.params)
	if err != nil {
		return authReply{}, err
	}
	reply, err := s.healed(ctx, func() (authReply, error) { return s.sendFirst(ctx, params) })
	if err == nil {
		o.session = "" // spent
	}
	return reply, err
}

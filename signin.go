package cognito

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
	"github.com/golang-jwt/jwt/v5"

	"github.com/gocognito/cognito/internal/srp"
)

// signIn is one sign-in under way: the state machine of all flows, a user's and an administrator's. Its fields change
// with each reply.
type signIn struct {
	c           *Cognito
	op          string // the method that the caller called
	admin       bool   // by the operations that need AWS credentials
	call        callOptions
	opening     *opening   // how it began; nil when it was taken up at a challenge, and so cannot begin again
	username    string     // as the service last called the user; before, as the caller did
	names       []string   // all names that the service last called the user by; nil before it did
	earlier     *Challenge // that was pending when it began; nil when none was
	session     string     // from the last reply, for the next request
	srp         *SRP       // proves the password; nil when the flow does not
	newPassword *newPasswordAnswer
	device      *Device     // that the user signs in with; nil when there is none, or the pool forgot it
	deviceSRP   *srp.Client // proves the device; nil before DEVICE_SRP_AUTH
	proven      bool        // the device has proven itself: it does so once
	handled     int         // challenges that the handler answered
}

// maxHandled bounds how many challenges of one sign-in the handler is asked to answer, so that a service cannot
// keep it busy for ever.
const maxHandled = 16

func (s *signIn) requester() requester {
	r := requester{clientID: s.c.pool.clientID, clientSecret: &s.c.pool.clientSecret}
	if s.device != nil {
		r.deviceKey = s.device.Key
	}
	return r
}

// prove adds the password to params, or what proves it by SRP.
func (s *signIn) prove(bySRP bool, password string, params map[string]string) (map[string]string, error) {
	params = maps.Clone(params)
	switch {
	case bySRP:
		helper, err := newSRP(s.c.pool.id, s.c.pool.clientID, s.username, password)
		if err != nil {
			return nil, err
		}
		first, err := helper.AuthParameters()
		if err != nil {
			return nil, err
		}
		s.srp, params[keySRPA] = helper, first[keySRPA]
	case password != "":
		params[keyPassword] = password
	}
	return params, nil
}

// advance takes the sign-in on from a reply: to its end, to a challenge for the caller, or through the
// challenges that need no caller.
func (s *signIn) advance(ctx context.Context, reply authReply) error {
	for reply.result == nil {
		if reply.challenge == "" {
			return errors.New("the service's answer: want tokens or a challenge, got neither")
		}
		s.session = aws.ToString(reply.session)
		s.learn(reply.params)
		var err error
		if reply, err = s.step(ctx, reply); err != nil {
			return err
		}
	}
	return s.finish(ctx, reply)
}

// learn takes over what the service calls the user in a challenge's parameters, if it does.
func (s *signIn) learn(params map[string]string) {
	if names := namesOf(params); len(names) > 0 {
		s.username, s.names = names[0], names
	}
}

// step answers one challenge, or has it answered.
func (s *signIn) step(ctx context.Context, reply authReply) (authReply, error) {
	switch {
	case reply.challenge == types.ChallengeNameTypePasswordVerifier && s.srp != nil:
		return s.provePassword(ctx, reply)
	case reply.challenge == types.ChallengeNameTypeDeviceSrpAuth && s.device != nil && s.deviceSRP == nil:
		return s.startDevice(ctx)
	case reply.challenge == types.ChallengeNameTypeDevicePasswordVerifier && s.device != nil && s.deviceSRP != nil && !s.proven:
		return s.proveDevice(ctx, reply)
	default:
		return s.ask(ctx, reply)
	}
}

// provePassword answers PASSWORD_VERIFIER.
func (s *signIn) provePassword(ctx context.Context, reply authReply) (authReply, error) {
	answers, err := s.srp.passwordVerifier(reply.params, s.c.pool.now())
	if err != nil {
		return authReply{}, err
	}
	s.srp = nil // one proof an attempt: a service that asks again gets no second one
	return s.respond(ctx, types.ChallengeNameTypePasswordVerifier, answers)
}

// ask makes the challenge the session's, and leaves it to the handler or the caller.
func (s *signIn) ask(ctx context.Context, reply authReply) (authReply, error) {
	ch := Challenge{
		Name: reply.challenge, Session: s.session, Username: s.username, Parameters: maps.Clone(reply.params),
		Available: slices.Clone(reply.available), Admin: s.admin,
	}
	kept := ch.clone()
	s.c.session.await(&kept)
	s.c.pool.log.DebugContext(ctx, "cognito: challenged", slog.Any("challenge", ch))
	if s.newPassword != nil && ch.Name == types.ChallengeNameTypeNewPasswordRequired {
		answer, err := s.newPassword.answer(ch)
		if err != nil {
			return authReply{}, err
		}
		s.newPassword = nil
		return s.answer(ctx, ch, answer)
	}
	handler := s.c.session.handler
	if handler == nil || s.handled == maxHandled {
		return authReply{}, &ChallengeError{Challenge: ch}
	}
	s.handled++
	answer, err := handler(withClock(ctx, s.c.pool.now), ch.clone())
	switch {
	case err != nil:
		return authReply{}, err
	case answer == nil:
		return authReply{}, &ChallengeError{Challenge: ch}
	default:
		return s.answer(ctx, ch, answer)
	}
}

// answer answers ch. A challenge that was answered, or whose session turns out to be spent or expired, is no longer
// pending.
func (s *signIn) answer(ctx context.Context, ch Challenge, answer Answer) (authReply, error) {
	s.learn(ch.Parameters)
	s.username, s.session = ch.Username, ch.Session
	reply, err := s.respond(ctx, ch.Name, answer)
	if err == nil {
		s.c.session.dropChallenge(ch)
		return reply, nil
	}
	return authReply{}, s.c.session.refusedAnswer(ch, err)
}

// refusedAnswer takes ch away if err, the service's refusal of an answer, says that it is over. It returns err, and says
// what is to be done where the service does not.
func (s *session) refusedAnswer(ch Challenge, err error) error {
	if !endsChallenge(ch.Name, err) {
		return err
	}
	s.dropChallenge(ch)
	if errors.Is(&Error{Err: err}, ErrSessionExpired) {
		return fmt.Errorf("%w: %w", ErrSessionExpired, err)
	}
	return err
}

// endsChallenge reports whether err says that the challenge name cannot be answered again. A wrong code can be, but
// when the pool's Lambda function gives up on a custom sign-in the service only says that the credentials are wrong.
func endsChallenge(name types.ChallengeNameType, err error) bool {
	err = &Error{Err: err}
	return errors.Is(err, ErrSessionExpired) ||
		name == types.ChallengeNameTypeCustomChallenge && errors.Is(err, ErrInvalidCredentials)
}

func (s *signIn) finish(ctx context.Context, reply authReply) error {
	if s.newPassword != nil {
		return fmt.Errorf("%w: the password is not temporary, and no new one is asked for", ErrNoChallenge)
	}
	tokens, err := s.c.newTokens(reply.result)
	if err != nil {
		return err
	}
	if err := s.checkUser(tokens); err != nil {
		return err
	}
	err = s.c.adopt(ctx, tokens)
	if s.c.session.newest().AccessToken == tokens.AccessToken { // verified, or kept until it can be
		s.c.session.endChallenge(s.earlier)
		s.c.session.offerDevice(reply.result.NewDeviceMetadata)
	}
	if err != nil {
		return err
	}
	s.c.pool.log.DebugContext(ctx, "cognito: signed in", slog.String("username", s.username))
	s.trackDevice(ctx)
	return nil
}

// checkUser refuses the tokens of a user whom the service called otherwise in this very sign-in. Nothing is verified
// here; that comes next. Services that are not Amazon's may call the user by the subject of the tokens, or repeat the
// address that the user signs in with.
func (s *signIn) checkUser(tokens Tokens) error {
	claims := unverifiedClaims(tokens.AccessToken)
	if claims == nil || s.names == nil {
		return nil
	}
	called := []string{claims.username, claims.subject}
	if id, err := parseToken(tokens.IDToken); err == nil {
		var addresses struct {
			Email string `json:"email"`
			Phone string `json:"phone_number"`
		}
		_ = json.Unmarshal([]byte(id.payload), &addresses) // what cannot be read is no address
		called = append(called, addresses.Email, addresses.Phone)
	}
	if slices.ContainsFunc(s.names, func(name string) bool { return slices.Contains(called, name) }) {
		return nil
	}
	return &TokenError{Use: AccessToken, Reason: fmt.Errorf("%w: it is not of the user who signs in", jwt.ErrTokenInvalidSubject)}
}

package cognito

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

// Authentication levels and step-up, as the service's developer guide describes them (2026-10, "Authentication levels with
// ACR and AMR claims"). Documented there: the four levels and what reaches them, the parameters and their names, that a
// token that meets the level is an error, that a failed challenge ends the attempt, that a lower feature plan is
// FeatureUnavailableInTierException, and that the application must check the claim acr. The texts of the errors are not
// documented, nor is what the service answers where it does not serve levels yet; one user saw it ignore the parameters.

// The default names of the authentication levels, the claim acr. What reaches a level is fixed; a pool may give each
// another name. The passkey ranks below the password with a code of an authenticator app.
const (
	// ACRLevel1 is a password alone.
	ACRLevel1 = "urn:cognito:loa:1"
	// ACRLevel2 is a code by SMS or e-mail alone.
	ACRLevel2 = "urn:cognito:loa:2"
	// ACRLevel3 is a passkey, or a password and a code by SMS or e-mail.
	ACRLevel3 = "urn:cognito:loa:3"
	// ACRLevel4 is a password and a code of an authenticator app.
	ACRLevel4 = "urn:cognito:loa:4"
)

// defaultLevels are the default names in their order. A pool cannot give one of them to another level.
var defaultLevels = []string{ACRLevel1, ACRLevel2, ACRLevel3, ACRLevel4}

// The parameters of a sign-in that aims at a level.
const (
	keyTargetACR   = "TARGET_ACR_VALUES"
	keyMaxAge      = "MAX_AGE"
	keyAccessToken = "ACCESS_TOKEN" //nolint:gosec // the name of a parameter
)

const (
	flowByChoice    = types.AuthFlowTypeUserAuth
	keyRefreshToken = "REFRESH_TOKEN"
)

// The names of the options.
const (
	optTargetACR     = "TargetACR"
	optMaxAge        = "MaxAge"
	optAuthParameter = "AuthParameter"
)

// authParams are what options add to the parameters of a first request.
type authParams struct {
	targets []string
	maxAge  *time.Duration
	extra   map[string]string
}

const maxLevelName = 64

// TargetACR asks a sign-in by choice to reach one of levels, such as [ACRLevel4], and rejects tokens of a lower one. Name
// every level that will do, the highest first: the pool attempts the first that the user has the factors for. Names that
// it does not know it ignores; if it knows none, or the user has the factors for none, the sign-in fails. A level above
// the last one will do, too, where both have their default names. See [Cognito.AuthenticateChoice] and [Cognito.StepUp].
func TargetACR(levels ...string) CallOption {
	levels = slices.Clone(levels)
	bad := func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' }
	return callOption(func(o *callOptions) {
		o.given = append(o.given, optTargetACR)
		for _, level := range levels {
			if level == "" || len(level) > maxLevelName || strings.ContainsFunc(level, bad) {
				o.refuse(optTargetACR, "want names of 1 to 64 characters without spaces, quotation marks and backslashes, got "+quote(level))
			}
		}
		if len(levels) == 0 {
			o.refuse(optTargetACR, "want at least one level, got none")
		}
		o.auth.targets = levels
	})
}

// MaxAge says how long ago the user may have signed in, in whole seconds. It goes with [TargetACR]: if the access token of
// [Cognito.StepUp] comes from an earlier sign-in, the user must prove everything again.
func MaxAge(d time.Duration) CallOption {
	return callOption(func(o *callOptions) {
		o.given = append(o.given, optMaxAge)
		if d < 0 || d%time.Second != 0 {
			o.refuse(optMaxAge, fmt.Sprintf("want whole seconds, 0 or more, got %v", d))
		}
		o.auth.maxAge = &d
	})
}

// ownParameters are the parameters that this package sets.
var ownParameters = []string{
	keyUsername, keyPassword, keySecretHash, keySRPA, keyDeviceKey, keyChallengeName, keyPreferredChallenge,
	keyTargetACR, keyMaxAge, keyAccessToken, keyRefreshToken,
}

// AuthParameter adds an authentication parameter that this package does not know yet to the first request of a sign-in;
// given again with another name it adds that one, too. The parameters that this package sets itself are refused. The
// request is not sent again after a failure that leaves open whether it was taken.
func AuthParameter(name, value string) CallOption {
	return callOption(func(o *callOptions) {
		o.given = append(o.given, optAuthParameter)
		switch {
		case name == "":
			o.refuse(optAuthParameter, "want the name of a parameter, got none")
		case slices.Contains(ownParameters, name):
			o.refuse(optAuthParameter, "want a parameter that this package does not set itself, got "+name)
		}
		o.auth.extra = maps.Clone(o.auth.extra)
		if o.auth.extra == nil {
			o.auth.extra = map[string]string{}
		}
		o.auth.extra[name] = value
	})
}

// addTo adds the parameters to those of the first request of a sign-in.
func (p authParams) addTo(start *authStart) error {
	if len(p.targets) > 0 && start.flow != flowByChoice {
		return fieldError("option "+optTargetACR, "want the flow "+string(flowByChoice)+", got "+string(start.flow))
	}
	if p.maxAge != nil && len(p.targets) == 0 {
		return fieldError("option "+optMaxAge, "want "+optTargetACR+" with it, got none")
	}
	maps.Copy(start.params, p.extra)
	if len(p.targets) > 0 {
		start.params[keyTargetACR] = strings.Join(p.targets, " ")
	}
	if p.maxAge != nil {
		start.params[keyMaxAge] = strconv.FormatInt(int64(*p.maxAge/time.Second), 10)
	}
	return nil
}

// given reports whether there are any.
func (p authParams) given() bool { return len(p.targets) > 0 || p.maxAge != nil || len(p.extra) > 0 }

// meetsLevel reports whether acr will do where one of targets is wanted. Levels can be ranked only by their default names.
func meetsLevel(acr string, targets []string) bool {
	rank := slices.Index(defaultLevels, acr)
	return acr != "" && slices.ContainsFunc(targets, func(target string) bool {
		wanted := slices.Index(defaultLevels, target)
		return target == acr || wanted >= 0 && rank >= wanted
	})
}

// checkLevel rejects tokens of a lower level than the sign-in aims at. Nothing is verified here; that comes next.
func (s *signIn) checkLevel(ts *tokenSet) error {
	switch {
	case len(s.targets) == 0 || meetsLevel(ts.acr, s.targets):
		return nil
	case ts.acr == "":
		return &TokenError{Use: AccessToken, Reason: fmt.Errorf("%w: want the level %s in the claim acr, got none: the pool does not say",
			ErrInsufficientAuthentication, strings.Join(s.targets, " or "))}
	default:
		return &TokenError{Use: AccessToken, Reason: fmt.Errorf("%w: want the level %s, got %s",
			ErrInsufficientAuthentication, strings.Join(s.targets, " or "), quote(ts.acr))}
	}
}

// StepUp has the signed-in user prove more, before something that must not happen by a stolen session. It takes the option
// [TargetACR], without which it is refused, and [MaxAge], [AuthParameter], [ClientMetadata], [AnalyticsMetadata] and [UserContextData]. The
// pool asks for what the session's access token does not tell of, or with MaxAge for everything if the user signed in too
// long ago; first is what it begins with if it needs a first factor again. FirstFactor{} leaves that to the pool.
//
// It returns what [Cognito.Authenticate] returns. In the meantime, and after any error, the session keeps its tokens; nil
// means that the new ones are of the same user and of a level that was asked for, and have replaced them. One failed
// challenge ends the attempt: begin again then. [ErrLevelReached] says that the level is reached already; the service has
// an error of its own for that, too. [ErrInsufficientAuthentication] says that the pool gave tokens of a lower level, or
// that do not say: it may not serve levels in its region, and the tokens are dropped. [ErrFeatureUnavailable] says that the
// pool's plan lacks levels, and [ErrInvalidArgument] is what the service says when the user has no factors for the level.
//
// It calls InitiateAuth and, for SRP, RespondToAuthChallenge, which need no AWS credentials but an access token: without
// one it returns [ErrNotSignedIn].
func (c *Cognito) StepUp(ctx context.Context, first FirstFactor, opts ...CallOption) (err error) {
	defer named("StepUp", &err)
	s, err := c.newSignIn(ctx, "StepUp", false, opts, optTargetACR, optMaxAge, optAuthParameter)
	if err != nil {
		return err
	}
	if len(s.call.auth.targets) == 0 {
		return fieldError("option "+optTargetACR, "want the level to reach, got none")
	}
	start, err := startOfChoice(first)
	if err != nil {
		return err
	}
	return c.withTokens(ctx, func(ts *tokenSet) error {
		if s.call.auth.maxAge == nil && meetsLevel(ts.acr, s.call.auth.targets[:1]) {
			return fmt.Errorf("%w: %s", ErrLevelReached, ts.acr)
		}
		if ts.subject == "" || ts.username == "" {
			return errors.New("access token: its claims cannot be read, to tell whose it is")
		}
		// The service compares the name with the token's, so an alias will not do.
		s.username, s.stepUp = ts.username, ts.subject
		begun := start
		begun.params = maps.Clone(start.params)
		begun.params[keyAccessToken] = ts.AccessToken
		return s.begin(ctx, begun)
	})
}

package cognito

import (
	"fmt"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cognitoidentityprovider/types"
)

// ClientMetadata is passed on to the pool's Lambda functions. The service does not store it; do not put secrets
// into it.
type ClientMetadata map[string]string

// Flow chooses the authentication flow of a sign-in.
type Flow types.AuthFlowType

// UserContextData tells the pool's threat protection where the user is.
type UserContextData struct {
	// IPAddress is the user's own address, not that of a server in between.
	IPAddress string
	// EncodedData is the fingerprint that AWS's JavaScript or mobile library collected.
	EncodedData string
}

// ValidationData is passed on to the pool's pre-sign-up Lambda function. The service does not store it.
type ValidationData map[string]string

// The names of the call options, for the check that a call does not silently ignore one.
const (
	optFlow            = "Flow"
	optClientMetadata  = "ClientMetadata"
	optUserContextData = "UserContextData"
	optValidationData  = "ValidationData"
)

// callOptions collects the options of one call; given holds their names.
type callOptions struct {
	flow           types.AuthFlowType
	metadata       map[string]string
	userContext    *types.UserContextDataType
	validationData []types.AttributeType
	given          []string
}

func (f Flow) applyCall(o *callOptions) {
	o.flow = types.AuthFlowType(f)
	o.given = append(o.given, optFlow)
}

func (m ClientMetadata) applyCall(o *callOptions) {
	o.metadata = maps.Clone(map[string]string(m))
	o.given = append(o.given, optClientMetadata)
}

func (d UserContextData) applyCall(o *callOptions) {
	o.userContext = &types.UserContextDataType{IpAddress: optional(d.IPAddress), EncodedData: optional(d.EncodedData)}
	o.given = append(o.given, optUserContextData)
}

func (d ValidationData) applyCall(o *callOptions) {
	o.validationData = Attributes(d).list()
	o.given = append(o.given, optValidationData)
}

// newCallOptions applies opts and refuses those that are not among taken.
func newCallOptions(opts []CallOption, taken ...string) (callOptions, error) {
	var o callOptions
	for _, opt := range opts {
		if opt != nil {
			opt.applyCall(&o)
		}
	}
	for _, name := range o.given {
		if !slices.Contains(taken, name) {
			return callOptions{}, fieldError("option "+name, fmt.Sprintf("this call takes only %v", taken))
		}
	}
	return o, nil
}

// optional is nil for "", which the service would otherwise validate as a value.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return aws.String(s)
}
